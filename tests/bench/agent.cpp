// The agent of the benchmarks: says when it runs, by a datagram with its PID and the monotonic clock, and waits to be
// stopped. With BENCH_SERVE it answers over HTTP on that port.
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

int main() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char* port = std::getenv("BENCH_PORT");
    if (!port) return 2;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    const std::int64_t message[2] = {getpid(), static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (sendto(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) != sizeof message) return 1;
    if (const char* served = std::getenv("BENCH_SERVE")) serve(static_cast<std::uint16_t>(std::atoi(served)));
    for (;;) pause();
}
