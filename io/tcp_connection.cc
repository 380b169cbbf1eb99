#include "millrace/io/tcp_connection.h"

#include <cerrno>
#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"

namespace millrace::io {

namespace {
constexpr std::size_t kScratchBytes = 256 << 10;  // one receive of a loop
constexpr int kReceivesPerTurn = 4;               // then the other connections have their turn
constexpr std::size_t kPartsPerWrite = 64;
}  // namespace

void configure(boost::asio::ip::tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

TcpConnection::TcpConnection(EventLoop& loop, boost::asio::ip::tcp::socket socket, TcpLimits limits)
    : loop_(loop), socket_(std::move(socket)), limits_(limits) {
    boost::system::error_code error;
    const auto remote = socket_.remote_endpoint(error);
    if (!error) peer_ = {remote.address().to_string(), remote.port()};
}

void TcpConnection::start(ConnectionEvents* events) {
    events_ = events;
    wait_readable();
}

void TcpConnection::wait_readable() {
    if (read_waits_ || !may_read()) return;
    read_waits_ = true;
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](const auto& error) {
                           self->read_waits_ = false;
                           if (error || !self->open_) return;
                           self->loop_.native().run("receive", [&] { self->receive(); });
                       });
}

void TcpConnection::receive() {
    auto& scratch = loop_.native().scratch;
    if (!scratch) scratch = std::make_unique_for_overwrite<std::byte[]>(kScratchBytes);
    for (int i = 0; i < kReceivesPerTurn && may_read(); ++i) {
        // First what is missing of the frame at hand, straight into its block; what follows into
        // the scratch.
        iovec parts[2];
        int count = 0;
        std::size_t direct = 0;
        if (frame_) {
            direct = frame_->size() - frame_have_;
            parts[count++] = {frame_->data() + frame_have_, direct};
        }
        parts[count++] = {scratch.get(), kScratchBytes};
        const ssize_t got = ::readv(socket_.native_handle(), parts, count);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) break;
            return lost(std::string("receive: ") + std::strerror(errno));
        }
        if (got == 0) return lost("closed by the peer");
        const auto n = static_cast<std::size_t>(got);
        const std::size_t into_frame = n < direct ? n : direct;
        frame_have_ += into_frame;
        if (frame_ && frame_have_ == frame_->size()) {
            Bytes frame(std::move(*frame_));
            frame_.reset();
            const auto self = shared_from_this();
            events_->on_frame(std::move(frame));
            if (!open_) return;
        }
        parse({scratch.get(), n - into_frame});
        if (!open_) return;
        if (n < direct + kScratchBytes) break;  // drained
    }
    wait_readable();
}

// Cuts frames out of `bytes`; keeps the rest when reading is paused in between.
void TcpConnection::parse(BytesView bytes) {
    const auto self = shared_from_this();
    while (!bytes.empty()) {
        if (!may_read()) {
            if (open_) unparsed_.assign(bytes.begin(), bytes.end());
            return;
        }
        if (!frame_) {
            const std::size_t n = std::min(sizeof length_ - length_have_, bytes.size());
            std::memcpy(length_ + length_have_, bytes.data(), n);
            length_have_ += n;
            bytes = bytes.subspan(n);
            if (length_have_ < sizeof length_) return;
            length_have_ = 0;
            if (!frame_begins(load_be<std::uint32_t>(length_))) return;
        }
        const std::size_t n = std::min(frame_->size() - frame_have_, bytes.size());
        if (n != 0) std::memcpy(frame_->data() + frame_have_, bytes.data(), n);
        frame_have_ += n;
        bytes = bytes.subspan(n);
        if (frame_have_ < frame_->size()) return;
        Bytes frame(std::move(*frame_));
        frame_.reset();
        events_->on_frame(std::move(frame));
        if (!open_) return;
    }
}

// What else the first four bytes may be.
static const char* looks_like(std::uint32_t size) {
    switch (size) {
        case 0x47455420:  // "GET "
        case 0x504f5354:  // "POST"
        case 0x48454144:  // "HEAD"
            return ": this is HTTP";
        case 0x5353482d:  // "SSH-"
            return ": this is SSH";
        default:
            return size >> 8 == 0x160301 || size >> 8 == 0x160303
                       ? ": this is TLS, and the listener is plaintext"
                       : "";
    }
}

bool TcpConnection::frame_begins(std::uint32_t size) {
    if (size > limits_.frame_bytes_max || size == 0) {  // negative lengths are large here
        std::string reason = "a frame of " + std::to_string(static_cast<std::int32_t>(size)) +
                             " bytes, allowed are 1 to " + std::to_string(limits_.frame_bytes_max) +
                             looks_like(size);
        if (events_) events_->on_bad_frame(reason);
        lost(std::move(reason));
        return false;
    }
    frame_ = std::make_unique<MutableBlock>(size);
    frame_have_ = 0;
    return true;
}

void TcpConnection::resume_reading() {
    paused_ = false;
    if (parsing_ || !may_read()) return;
    if (!unparsed_.empty()) {
        // Not here: the caller may be inside on_frame of this very connection.
        parsing_ = true;
        loop_.post("receive", [self = shared_from_this()] {
            self->parsing_ = false;
            std::vector<std::byte> bytes;
            bytes.swap(self->unparsed_);
            self->parse(bytes);
            if (self->unparsed_.empty()) self->wait_readable();
        });
        return;
    }
    wait_readable();
}

void TcpConnection::send(std::vector<Bytes> parts) {
    if (!open_ || closing_) return;
    for (Bytes& part : parts) {
        if (part.empty()) continue;
        queued_bytes_ += part.size();
        queue_.push_back(std::move(part));
    }
    if (queued_bytes_ > limits_.queued_bytes_max) choked_ = true;
    if (flush_asked_ || write_waits_) return;
    flush_asked_ = true;
    loop_.once_at_turn_end([self = shared_from_this()] {
        self->flush_asked_ = false;
        self->flush();
    });
}

void TcpConnection::flush() {
    while (open_ && !queue_.empty()) {
        iovec parts[kPartsPerWrite];
        int count = 0;
        std::size_t wanted = 0;
        for (const Bytes& part : queue_) {
            if (count == kPartsPerWrite) break;
            const std::size_t skip = count == 0 ? queue_sent_ : 0;
            parts[count++] = {const_cast<std::byte*>(part.data()) + skip, part.size() - skip};
            wanted += part.size() - skip;
        }
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = static_cast<std::size_t>(count);
        const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return lost(std::string("send: ") + std::strerror(errno));
        std::size_t left = sent < 0 ? 0 : static_cast<std::size_t>(sent);
        queued_bytes_ -= left;
        const bool all = left == wanted;
        while (left != 0) {
            const std::size_t rest = queue_.front().size() - queue_sent_;
            if (left < rest) {
                queue_sent_ += left;
                break;
            }
            left -= rest;
            queue_sent_ = 0;
            queue_.pop_front();
        }
        if (all) continue;
        if (write_waits_) break;
        write_waits_ = true;
        socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                           [self = shared_from_this()](const auto& error) {
                               self->write_waits_ = false;
                               if (error || !self->open_) return;
                               self->loop_.native().run("send", [&] { self->flush(); });
                           });
        break;
    }
    if (!open_) return;
    if (closing_ && queue_.empty()) return close();
    if (choked_ && queued_bytes_ <= limits_.queued_bytes_max / 2) {
        choked_ = false;
        if (!paused_) resume_reading();
    }
}

void TcpConnection::close_when_sent() {
    closing_ = true;
    events_ = nullptr;  // they may be gone before what is queued has left
    if (queue_.empty()) close();
}

void TcpConnection::close() {
    if (!open_) return;
    open_ = false;
    events_ = nullptr;
    boost::system::error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    queue_.clear();
    queued_bytes_ = 0;
    frame_.reset();
    unparsed_.clear();
}

void TcpConnection::lost(std::string reason) {
    if (!open_) return;
    ConnectionEvents* events = events_;
    close();
    if (events) events->on_closed(std::move(reason));
}

}  // namespace millrace::io
