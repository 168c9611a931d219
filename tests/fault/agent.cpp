// The agent of the fault tests: fault-agent PORT CONFIG, or fault-agent --check CONFIG.
//
// Serves the files that it was started with, each as a line "NAME: CONTENT", its PID first. Ends at once with a config
// that says "crash"; refuses one that says "refuse".
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace {

std::string content(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string what_there_is(const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::string text = content(entry.path());
        for (char& c : text)
            if (c == '\n') c = '|';
        files[entry.path().filename().string()] = text;
    }
    std::string told = "pid: " + std::to_string(getpid()) + "\n";
    for (const auto& [name, text] : files) told += name + ": " + text + "\n";
    return told;
}

void serve(int listener, const std::string& text) {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    for (;;) {
        const int client = accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        char question[4096];
        std::string asked;
        while (asked.find("\r\n\r\n") == std::string::npos) {
            const ssize_t got = read(client, question, sizeof question);
            if (got <= 0) break;
            asked.append(question, static_cast<std::size_t>(got));
        }
        if (write(client, answer.data(), answer.size()) < 0) std::perror("write");
        close(client);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 64;
    const std::string text = content(argv[2]);
    if (argv[1] == std::string("--check")) {
        if (text.find("refuse") == std::string::npos) return 0;
        std::puts("this is not wanted");
        return 2;
    }
    if (text.find("crash") != std::string::npos) return 7;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const std::string told = what_there_is(std::filesystem::path(argv[2]).parent_path());
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 16) != 0) {
        std::perror("listen");
        return 1;
    }
    serve(listener, told);
}
