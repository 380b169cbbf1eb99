#pragma once
// Carries out the LinkEffects of client machines on one event loop: over TCP, or, given a host, into the broker embedded in
// this process (typed requests, shared batches, no encoding). The machines cannot tell. Everything belongs to the loop's
// thread. An embedded broker on the same loop may answer within carry_out(): arm timers before it.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/client/channel.h"
#include "millrace/io/event_loop.h"

namespace millrace::broker {
class BrokerHost;
}

namespace millrace::app {

class Links {
public:
    using Deliver = std::function<void(client::LinkInput)>;
    Links(io::EventLoop& loop, std::string client_id, broker::BrokerHost* broker, Deliver deliver);
    ~Links();   // closes all, delivers nothing more
    Links(const Links&) = delete;

    void carry_out(const std::vector<client::LinkEffect>& effects);
    std::vector<client::LinkId> open_links() const;

private:
    class Link;
    class TcpLink;
    class LoopbackLink;
    void carry_out_now(const std::vector<client::LinkEffect>& effects);
    void open(const client::OpenLink& effect);
    void closed(client::LinkId link, std::string reason);

    io::EventLoop& loop_;
    std::string client_id_;
    broker::BrokerHost* broker_;
    std::shared_ptr<Deliver> deliver_;
    std::map<client::LinkId, std::shared_ptr<Link>> links_;
    std::vector<client::LinkEffect> waiting_;
    bool carrying_ = false;
};

}  // namespace millrace::app
