// What is thrown at a listener: the connection that sends it is closed, a healthy client notices
// nothing, memory stays bounded (semantics page 1.1, hard bugs 3.1).
#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/random.h"
#include "millrace/broker/broker_host_shell.h"
#include "millrace/broker/tcp_shell.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/metadata.h"

namespace millrace::broker {
namespace {

class Socket {  // blocking, with a time limit
public:
    explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval limit{.tv_sec = 10};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    }
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    void send(BytesView bytes) {
        for (std::size_t at = 0; at < bytes.size();) {
            const ssize_t n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (n <= 0) return;  // closed already
            at += static_cast<std::size_t>(n);
        }
    }
    void reset() {  // without a farewell
        const linger none{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        ::close(std::exchange(fd_, -1));
    }
    void finish() { ::shutdown(fd_, SHUT_WR); }
    bool receive(std::byte* into, std::size_t size) {
        for (std::size_t at = 0; at < size;) {
            const ssize_t n = ::recv(fd_, into + at, size - at, 0);
            if (n <= 0) return false;
            at += static_cast<std::size_t>(n);
        }
        return true;
    }
    std::optional<Bytes> frame() {
        std::byte length[4];
        if (!receive(length, sizeof length)) return std::nullopt;
        MutableBlock block(load_be<std::uint32_t>(length));
        if (!receive(block.data(), block.size())) return std::nullopt;
        return Bytes(std::move(block));
    }
    bool closed_by_peer() {  // without an answer
        std::byte b;
        return ::recv(fd_, &b, 1, 0) <= 0;
    }

private:
    int fd_;
};

struct Hostile : testing::Test {
    testkit::SimDisk disk;
    NullLog log;
    io::EventLoop loop{"broker"};
    std::unique_ptr<TcpServer> server;
    std::unique_ptr<BrokerHost> host;
    std::uint16_t port = 0;
    std::thread thread;

    Hostile() {
        auto config =
            parse_broker_config("log.dirs=/data\nlisteners=PLAINTEXT://127.0.0.1:0\n")->config;
        server = *TcpServer::listen(loop, config);
        port = server->bound().front().port;
        BrokerHost::Events events{.ready = [this] { loop.stop(); }};
        host = *BrokerHost::open(
            loop, disk, log,
            {.config = config, .advertised = server->advertised(config), .seed = 1}, events);
        server->serve(*host);
        loop.run();  // until it is ready
        loop.restart();
        thread = std::thread([this] { loop.run(); });
    }
    ~Hostile() override {
        loop.stop();
        thread.join();
        server->close();
        EXPECT_TRUE(host->close());
    }

    static std::vector<Bytes> request(std::int32_t correlation, wire::AnyRequest body) {
        return *wire::encode_request_frame(correlation, std::string("healthy"), body);
    }
    // A whole conversation with a client that behaves.
    void healthy() {
        Socket socket(port);
        healthy(socket);
    }
    void healthy(Socket& socket) {
        for (const Bytes& part :
             request(5, wire::AnyRequest::of(wire::ApiVersionsRequest{.client_software_name = "x",
                        .client_software_version = "1"},
                                             3)))
            socket.send(part);
        for (const Bytes& part : request(6, wire::AnyRequest::of(wire::MetadataRequest{}, 9)))
            socket.send(part);
        for (const std::int32_t correlation : {5, 6}) {
            const auto frame = socket.frame();
            ASSERT_TRUE(frame);
            EXPECT_EQ(wire::response_correlation_id(frame->view()), correlation);
        }
    }
    static Bytes sized(std::int32_t size, std::string_view content) {
        ByteSink sink;
        append_be(sink, size);
        sink.append(content);
        return sink.to_bytes();
    }
    static Bytes framed(std::string_view content) {
        return sized(static_cast<std::int32_t>(content.size()), content);
    }
};

std::size_t resident_kilobytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * 4;
}

TEST_F(Hostile, AbsurdLengthsCloseTheConnection) {
    Socket bystander(port);
    healthy(bystander);
    for (const std::int32_t size : {0, -1, INT32_MIN, INT32_MAX, (100 << 20) + 1}) {
        Socket socket(port);
        socket.send(sized(size, "abc"));
        EXPECT_TRUE(socket.closed_by_peer()) << size;
    }
    healthy(bystander);
}

TEST_F(Hostile, OtherProtocolsCloseTheConnection) {
    for (const std::string_view text :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"}) {
        Socket socket(port);
        socket.send(as_bytes(text));
        socket.finish();
        EXPECT_TRUE(socket.closed_by_peer());
    }
    healthy();
}

TEST_F(Hostile, FramesThatAreNoRequestsCloseTheConnection) {
    using namespace std::string_view_literals;
    for (const std::string_view frame : {
             "\0"sv, "\0\0\0\0"sv, "\x7f\xff\0\0\0\0\0\1\xff\xff"sv /* unknown key */,
             "\0\0\x7f\xff\0\0\0\1\xff\xff"sv /* version */,
             "\0\3\0\1\0\0\0\1\xff\xff\x7f\xff\xff\xff"sv /* 2^31-1 topics */,
             "\0\3\0\1\0\0\0\1\x7f\xff"sv /* a long client id */,
             "\0\1\0\x0c\0\0\0\1\xff\xff\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv /* long
                                                                                       * varints
                                                                                       */
         }) {
        Socket socket(port);
        socket.send(framed(frame));
        EXPECT_TRUE(socket.closed_by_peer());
    }
    healthy();
}

TEST_F(Hostile, AnUnknownVersionOfApiVersionsIsAnsweredInVersionZero) {  // KIP-511
    using namespace std::string_view_literals;
    Socket socket(port);
    socket.send(framed("\0\x12\0\x63\0\0\0\7\xff\xff\0"sv));
    const auto frame = socket.frame();
    ASSERT_TRUE(frame);
    const auto response = wire::decode_response_frame(*frame, *wire::find_api(18), 0);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->correlation_id, 7);
    EXPECT_EQ(response->response.as<wire::ApiVersionsResponse>().error_code,
              ErrorCode::UnsupportedVersion);
    healthy(socket);  // and the connection lives
}

TEST_F(Hostile, CutFramesAndSilenceHarmNobody) {
    std::vector<std::unique_ptr<Socket>> silent;
    const std::size_t before = resident_kilobytes();
    for (int i = 0; i < 50; ++i) {
        silent.push_back(std::make_unique<Socket>(port));
        silent.back()->send(sized(100 << 20, "the rest never comes"));
    }
    healthy();
    EXPECT_LT(resident_kilobytes() - before, 64u << 10);  // 5 GB were announced
    silent.clear();
    healthy();
}

TEST_F(Hostile, RandomBytesInFramesNeverHarm) {
    Random random(42);
    Socket bystander(port);
    for (int round = 0; round < 300; ++round) {
        ByteSink frame;
        const auto& apis = wire::apis();
        const wire::Api& api = apis[random.below(apis.size())];
        append_be<std::int16_t>(frame, static_cast<std::int16_t>(api.key));
        append_be<std::int16_t>(
            frame, static_cast<std::int16_t>(random.between(api.version_min, api.version_max)));
        append_be<std::int32_t>(frame, round);
        append_be<std::int16_t>(frame, -1);
        const std::size_t size = random.below(200);
        for (std::size_t i = 0; i < size; ++i)
            frame.push(static_cast<std::byte>(random.one_in(3) ? 0 : random.next()));
        Socket socket(port);
        socket.send(framed(as_text(frame.view())));
        socket.finish();
        while (socket.frame()) {  // an answer, if it happens to be a request, and then the end
        }
        if (round % 50 == 0) healthy(bystander);
    }
    healthy(bystander);
}

TEST_F(Hostile, WhoIsClosedWithUnsentAnswersMayGoAtAnyTime) {
    ByteSink many;
    for (int i = 0; i < 2'000; ++i)
        for (const Bytes& part :
             request(i, wire::AnyRequest::of(wire::MetadataRequest{.topics = std::nullopt}, 9)))
            many.append(part.view());
    many.append(framed("what is this").view());
    for (int round = 0; round < 20; ++round) {
        Socket socket(port);
        socket.send(many.view());
        socket.reset();
    }
    healthy();
}

TEST_F(Hostile, WhoPipelinesWithoutReadingIsHeldBack) {
    Socket greedy(port);
    std::thread sender([&] {
        ByteSink many;
        for (int i = 0; i < 20'000; ++i)
            for (const Bytes& part : request(
                     i, wire::AnyRequest::of(wire::ApiVersionsRequest{.client_software_name = "x",
                        .client_software_version = "1"},
                                             3)))
                many.append(part.view());
        greedy.send(many.view());
    });
    healthy();
    for (int i = 0; i < 20'000; ++i) {
        const auto frame = greedy.frame();
        ASSERT_TRUE(frame) << i;
        EXPECT_EQ(wire::response_correlation_id(frame->view()), i);
    }
    sender.join();
}

}  // namespace
}  // namespace millrace::broker
