#include "millrace/app/links.h"

#include "millrace/broker/loopback_shell.h"
#include "millrace/io/tcp.h"
#include "millrace/wire/frame.h"

namespace millrace::app {

class Links::Link {
public:
    virtual ~Link() = default;
    virtual void transmit(const client::Transmit& transmit) = 0;
};

// ---- TCP ------------------------------------------------------------------------------------------------------------

class Links::TcpLink final : public Link, public io::ConnectionEvents {
public:
    TcpLink(Links& links, client::LinkId id) : links_(links), id_(id) {}
    ~TcpLink() override {
        if (connection_) connection_->close();
    }
    void open(const client::Address& address) {
        attempt_ = io::connect(links_.loop_, {address.host, address.port}, kConnectTimeout, io::TcpLimits::of_client(),
                               [this](Result<std::shared_ptr<io::Connection>> result) -> io::ConnectionEvents* {
                                   if (!result) {
                                       links_.closed(id_, result.error().detail);
                                       return nullptr;
                                   }
                                   connection_ = std::move(*result);
                                   links_.loop_.post("link opened", [deliver = links_.deliver_, id = id_] {
                                       if (*deliver) (*deliver)(client::LinkOpened{id});
                                   });
                                   return this;
                               });
    }
    void transmit(const client::Transmit& transmit) override {
        if (!connection_) return;   // it closed meanwhile; the machine is about to be told
        const auto correlation = static_cast<std::int32_t>(transmit.correlation);
        auto parts = wire::encode_request_frame(correlation, links_.client_id_, transmit.request);
        if (!parts) {
            links_.closed(id_, "a request could not be encoded: " + parts.error().detail);
            return;
        }
        asked_[correlation] = {wire::find_api(static_cast<std::int16_t>(transmit.request.key())), transmit.request.version()};
        connection_->send(std::move(*parts));
    }

private:
    static constexpr Duration kConnectTimeout = std::chrono::seconds(10);

    void on_frame(Bytes frame) override {
        const auto correlation = wire::response_correlation_id(frame.view());
        const auto asked = correlation ? asked_.find(*correlation) : asked_.end();
        if (asked == asked_.end()) {
            links_.closed(id_, "the broker sent a response that was not asked for");
            return;
        }
        const auto [api, version] = asked->second;
        asked_.erase(asked);
        auto decoded = wire::decode_response_frame(frame, *api, version);
        if (!decoded) {
            links_.closed(id_, "the broker sent a response that does not parse: " + decoded.error().detail);
            return;
        }
        const auto deliver = links_.deliver_;   // *this may go while it runs
        (*deliver)(client::Arrived{id_, client::CorrelationId{decoded->correlation_id}, std::move(decoded->response)});
    }
    void on_closed(std::string reason) override {
        connection_.reset();
        links_.closed(id_, std::move(reason));
    }

    Links& links_;
    client::LinkId id_;
    std::unique_ptr<io::Attempt> attempt_;
    std::shared_ptr<io::Connection> connection_;
    std::map<std::int32_t, std::pair<const wire::Api*, std::int16_t>> asked_;
};

// ---- loopback -------------------------------------------------------------------------------------------------------

class Links::LoopbackLink final : public Link {
public:
    LoopbackLink(Links& links, client::LinkId id)
        : links_(links), loopback_(*links.broker_, links.loop_, std::string(kListener), events(links, id)) {
        links.loop_.post("link opened", [deliver = links.deliver_, id] {
            if (*deliver) (*deliver)(client::LinkOpened{id});
        });
    }
    void transmit(const client::Transmit& transmit) override {
        loopback_.send(static_cast<std::int32_t>(transmit.correlation), links_.client_id_, transmit.request);
    }

private:
    static constexpr std::string_view kListener = "PLAINTEXT";

    static broker::Loopback::Events events(Links& links, client::LinkId id) {
        broker::Loopback::Events events;
        events.arrived = [deliver = links.deliver_, id](std::int32_t correlation, wire::AnyResponse response) {
            if (*deliver) (*deliver)(client::Arrived{id, client::CorrelationId{correlation}, std::move(response)});
        };
        events.closed = [&links, id](std::string reason) { links.closed(id, std::move(reason)); };
        return events;
    }

    Links& links_;
    broker::Loopback loopback_;
};

// ---- Links ----------------------------------------------------------------------------------------------------------

Links::Links(io::EventLoop& loop, std::string client_id, broker::BrokerHost* broker, Deliver deliver)
    : loop_(loop), client_id_(std::move(client_id)), broker_(broker), deliver_(std::make_shared<Deliver>(std::move(deliver))) {}

Links::~Links() {
    *deliver_ = nullptr;
    links_.clear();
}

// A broker on this loop may answer within transmit(), and the machine ask for more: that waits for its turn, or a later
// request would overtake an earlier one.
void Links::carry_out(const std::vector<client::LinkEffect>& effects) {
    if (carrying_) {
        waiting_.insert(waiting_.end(), effects.begin(), effects.end());
        return;
    }
    carrying_ = true;
    carry_out_now(effects);
    while (!waiting_.empty()) carry_out_now(std::exchange(waiting_, {}));
    carrying_ = false;
}

void Links::carry_out_now(const std::vector<client::LinkEffect>& effects) {
    for (const client::LinkEffect& effect : effects) {
        if (const auto* o = std::get_if<client::OpenLink>(&effect)) open(*o);
        if (const auto* c = std::get_if<client::CloseLink>(&effect)) {
            if (const auto found = links_.find(c->link); found != links_.end()) {
                loop_.post("link dropped", [gone = std::move(found->second)] {});   // it may be on the stack
                links_.erase(found);
            }
        }
        if (const auto* t = std::get_if<client::Transmit>(&effect)) {
            if (const auto found = links_.find(t->link); found != links_.end()) found->second->transmit(*t);
        }
    }
}

std::vector<client::LinkId> Links::open_links() const {
    std::vector<client::LinkId> ids;
    for (const auto& [id, link] : links_) ids.push_back(id);
    return ids;
}

void Links::open(const client::OpenLink& effect) {
    if (broker_ != nullptr) {
        links_[effect.link] = std::make_shared<LoopbackLink>(*this, effect.link);
        return;
    }
    auto link = std::make_shared<TcpLink>(*this, effect.link);
    links_[effect.link] = link;
    link->open(effect.address);
}

void Links::closed(client::LinkId link, std::string reason) {
    const auto found = links_.find(link);
    if (found == links_.end()) return;
    // It may be on the stack: it goes, and the machine is told, from the loop.
    loop_.post("link closed", [gone = std::move(found->second), deliver = deliver_, link, reason = std::move(reason)] {
        if (*deliver) (*deliver)(client::LinkClosed{link, reason});
    });
    links_.erase(found);
}

}  // namespace millrace::app
