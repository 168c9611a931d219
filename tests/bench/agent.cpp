// The agent of the benchmarks: says when it runs, by a datagram with its PID and the monotonic clock, and waits to be
// stopped.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

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
    for (;;) pause();
}
