// The agent of the benchmarks: says when it runs, by a datagram with its PID and the monotonic clock, and waits to be
// stopped. With BENCH_SERVE it answers over HTTP on that port. With BENCH_PRINT it prints so many bytes, BENCH_RATE
// lines a second or as fast as they are taken, and says the same again.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

/// Answers every question with 200.
static void serve(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    if (bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(listener, 16) != 0) _exit(3);
    static const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for (;;) {
        const int peer = accept(listener, nullptr, nullptr);
        char question[4096];
        if (read(peer, question, sizeof question) > 0 && write(peer, kAnswer, sizeof kAnswer - 1) < 0) _exit(4);
        close(peer);
    }
}

static void print(std::uint64_t bytes, long rate) {
    constexpr std::size_t kLine = 100;
    static char lines[64 * 1024 / kLine * kLine];
    for (std::size_t i = 0; i < sizeof lines; ++i) lines[i] = i % kLine == kLine - 1 ? '\n' : 'a';
    const std::size_t piece = rate > 0 ? kLine : sizeof lines;
    timespec next{};
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (std::uint64_t printed = 0; printed < bytes; printed += piece) {
        if (write(1, lines, piece) < 0) _exit(5);
        if (rate == 0) continue;
        next.tv_nsec += 1'000'000'000 / rate;
        if (next.tv_nsec >= 1'000'000'000) ++next.tv_sec, next.tv_nsec -= 1'000'000'000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    }
}

static int tell(const char* port) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    const std::int64_t message[2] = {getpid(), static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const ssize_t sent = sendto(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    close(fd);
    return sent == sizeof message ? 0 : 1;
}

int main() {
    const char* port = std::getenv("BENCH_PORT");
    if (!port) return 2;
    if (tell(port) != 0) return 1;
    if (const char* bytes = std::getenv("BENCH_PRINT")) {
        const char* rate = std::getenv("BENCH_RATE");
        print(std::strtoull(bytes, nullptr, 10), rate ? std::strtol(rate, nullptr, 10) : 0);
        if (tell(port) != 0) return 1;
    }
    if (const char* served = std::getenv("BENCH_SERVE")) serve(static_cast<std::uint16_t>(std::atoi(served)));
    for (;;) pause();
}
