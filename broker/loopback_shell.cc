#include "millrace/broker/loopback_shell.h"

namespace millrace::broker {

struct Loopback::Shared final : ClientSide, std::enable_shared_from_this<Shared> {
    Shared(BrokerHost& h, io::EventLoop& client, Events e)
        : host(h), broker_loop(h.loop()), client_loop(client), events(std::move(e)) {}

    BrokerHost& host;
    io::EventLoop& broker_loop;
    io::EventLoop& client_loop;
    Events events;          // of the client's loop
    bool alive = true;      // of the client's loop: the Loopback exists
    bool connected = true;  // of the broker's loop: the host knows us
    ConnectionId id{};      // of the broker's loop

    bool same() const { return &broker_loop == &client_loop; }

    // ---- on the broker's loop ----
    void respond(std::int32_t correlation, wire::AnyResponse response) override {
        to_client([correlation, response = std::move(response)](Shared& self) {
            self.events.arrived(correlation, response);
        });
    }
    void close(std::string reason) override {
        connected = false;
        to_client([reason = std::move(reason)](Shared& self) { self.events.closed(reason); });
    }
    void mute(bool) override {}  // the client has a limit of its own on what is under way

    template <class F>
    void to_client(F&& tell) {
        if (same()) {
            if (alive) tell(*this);
            return;
        }
        client_loop.post("loopback answer",
                         [self = shared_from_this(), tell = std::forward<F>(tell)] {
                             if (self->alive) tell(*self);
                         });
    }
    template <class F>
    void to_broker(F&& give) {
        if (same()) return give(*this);
        broker_loop.post(
            "loopback request",
            [self = shared_from_this(), give = std::forward<F>(give)]() mutable { give(*self); });
    }
};

Loopback::Loopback(BrokerHost& host, io::EventLoop& client_loop, std::string listener,
                   Events events)
    : shared_(std::make_shared<Shared>(host, client_loop, std::move(events))) {
    shared_->to_broker([listener = std::move(listener)](Shared& self) mutable {
        self.id = self.host.connect(self, "127.0.0.1", std::move(listener), true);
    });
}

Loopback::~Loopback() {
    shared_->alive = false;
    // The host keeps a plain pointer: the share lives until it has forgotten it.
    shared_->to_broker([keep = shared_](Shared& self) {
        if (std::exchange(self.connected, false)) self.host.disconnect(self.id);
    });
}

void Loopback::send(std::int32_t correlation, std::string client_id, wire::AnyRequest request) {
    shared_->to_broker([correlation, client_id = std::move(client_id),
                        request = std::move(request)](Shared& self) mutable {
        if (self.connected)
            self.host.request(self.id, correlation, std::move(client_id), std::move(request));
    });
}

}  // namespace millrace::broker
