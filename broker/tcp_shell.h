#pragma once
// The broker's listeners: frames of TCP connections become inputs of the machine, its answers
// frames. Belongs to the thread of the host's loop.
#include <map>
#include <memory>
#include <vector>

#include "millrace/broker/broker_host_shell.h"
#include "millrace/io/tcp.h"

namespace millrace::broker {

class TcpServer {
public:
    // Binds all listeners; port 0 takes a free one. Connections are taken from serve() on.
    static Result<std::unique_ptr<TcpServer>> listen(io::EventLoop& loop,
                                                     const BrokerConfig& config);
    ~TcpServer();

    // What clients are told, with the real ports.
    std::vector<Endpoint> advertised(const BrokerConfig& config) const;
    std::vector<Endpoint> bound() const;
    void serve(BrokerHost& host);
    void close();  // listeners and connections

private:
    class Client;
    struct Bound {
        std::string name;
        std::unique_ptr<io::Listener> listener;
    };
    io::ConnectionEvents* accept(std::shared_ptr<io::Connection> connection,
                                 const std::string& listener);
    void remove(Client& client);

    BrokerHost* host_ = nullptr;
    std::vector<Bound> listeners_;
    std::map<const Client*, std::unique_ptr<Client>> clients_;
    io::EventLoop* loop_ = nullptr;
};

}  // namespace millrace::broker
