#pragma once
// Private to io/: the connection behind tcp.h, for the listener and the connector.
#include <deque>

#include <boost/asio/ip/tcp.hpp>

#include "millrace/io/native_loop.h"
#include "millrace/io/tcp.h"

namespace millrace::io {

class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
public:
    TcpConnection(EventLoop& loop, boost::asio::ip::tcp::socket socket, TcpLimits limits);
    void start(ConnectionEvents* events);

    void send(std::vector<Bytes> parts) override;
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    void close() override;
    void close_when_sent() override;
    std::size_t queued_bytes() const override { return queued_bytes_; }
    const Endpoint& peer() const override { return peer_; }

private:
    bool may_read() const { return open_ && !paused_ && !choked_ && !closing_; }
    void wait_readable();
    void receive();
    void parse(BytesView bytes);
    bool frame_begins(std::uint32_t size);
    void flush();
    void lost(std::string reason);

    EventLoop& loop_;
    boost::asio::ip::tcp::socket socket_;
    TcpLimits limits_;
    Endpoint peer_;
    ConnectionEvents* events_ = nullptr;
    bool open_ = true, paused_ = false, choked_ = false, closing_ = false;
    bool read_waits_ = false, write_waits_ = false, flush_asked_ = false, parsing_ = false;

    std::byte length_[4];  // of the frame that begins
    std::size_t length_have_ = 0;
    std::unique_ptr<MutableBlock> frame_;  // being filled
    std::size_t frame_have_ = 0;
    std::vector<std::byte> unparsed_;  // received, but reading was paused

    std::deque<Bytes> queue_;
    std::size_t queue_sent_ = 0;  // bytes of the first part
    std::size_t queued_bytes_ = 0;
};

void configure(boost::asio::ip::tcp::socket& socket);  // non-blocking, no delay

}  // namespace millrace::io
