// An agent for the browser test: takes every config, after a moment, but for one that contains "broken".
#include <chrono>
#include <cstdio>

#include "net/client.hpp"
#include "opamp/client_session.hpp"
#include "opamp/frame.hpp"

namespace {

using namespace std::chrono_literals;
namespace asio = async::asio;
using Clock = std::chrono::steady_clock;

/// Long enough to be seen.
constexpr auto kMoment = 400ms;

std::uint64_t unix_nano() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

opamp::ComponentHealth healthy() {
    const auto now = unix_nano();
    opamp::ComponentHealth health{true, now, "", "running", now, {}};
    health.components["pipeline"] = {
        true, now, "", "running", now, {{"exporter", {false, 0, "connection refused", "retrying", now, {}}}}};
    return health;
}

class FakeAgent {
public:
    FakeAgent(const base::Uuid& uid, const std::string& name)
        : session_({uid,
                    opamp::kReportsStatus | opamp::kAcceptsRemoteConfig | opamp::kReportsEffectiveConfig |
                        opamp::kAcceptsRestartCommand | opamp::kReportsHealth | opamp::kReportsRemoteConfig |
                        opamp::kReportsHeartbeat,
                    1s}) {
        session_.set_description(
            {{{"service.name", name}, {"service.version", "1.2.3"}, {"service.instance.id", uid.text()}},
             {{"host.name", "workbench"},
              {"os.type", "linux"},
              {"markup", "<b>not bold</b><script>alert(1)</script>"}}});
        session_.set_health(healthy());
    }

    async::Task<> run(net::ClientOptions options) {
        net::Refusal refusal;
        auto socket = co_await net::connect_websocket(options, refusal);
        if (!socket) {
            std::fprintf(stderr, "fake_agent: %s\n", socket.error().text().c_str());
            co_return;
        }
        session_.connected();
        co_await say_news(**socket);
        using async::operator||;
        co_await (obey(**socket) || beat(**socket));
    }

private:
    async::Task<> say_news(net::WebSocket& socket) {
        while (const auto message = session_.next_message(Clock::now())) {
            const auto frame = opamp::encode_frame(*message);
            const auto written = co_await socket.write(frame);
            if (!written) co_return;
        }
    }

    async::Task<> beat(net::WebSocket& socket) {
        for (;;) {
            co_await async::sleep_for(100ms);
            if (!is_busy_) co_await say_news(socket);
        }
    }

    async::Task<> obey(net::WebSocket& socket) {
        for (;;) {
            const auto frame = co_await socket.read();
            if (!frame) co_return;
            const auto payload = opamp::decode_frame(*frame);
            if (!payload) co_return;
            const auto orders = session_.receive(*payload);
            if (!orders) co_return;
            is_busy_ = true;
            if (orders->remote_config) co_await apply(socket, *orders->remote_config);
            if (orders->restart) co_await restart(socket);
            is_busy_ = false;
            co_await say_news(socket);
        }
    }

    async::Task<> apply(net::WebSocket& socket, const opamp::RemoteConfig& config) {
        session_.set_remote_config_status({config.hash, opamp::ConfigStatus::applying, ""});
        co_await say_news(socket);
        co_await async::sleep_for(kMoment);
        for (const auto& [name, file] : config.files) {
            if (file.body.find("broken") == std::string::npos) continue;
            session_.set_remote_config_status({config.hash, opamp::ConfigStatus::failed, "line 1: this is broken"});
            co_return;
        }
        session_.set_effective_config(config.files);
        session_.set_remote_config_status({config.hash, opamp::ConfigStatus::applied, ""});
    }

    async::Task<> restart(net::WebSocket& socket) {
        session_.set_health({false, 0, "stopped on request", "stopped", unix_nano(), {}});
        co_await say_news(socket);
        co_await async::sleep_for(kMoment);
        session_.set_health(healthy());
    }

    opamp::ClientSession session_;
    bool is_busy_ = false;  // One writer at a time.
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return std::fprintf(stderr, "Usage: fake_agent URL UID NAME\n"), 2;
    const auto url = net::parse_url(arguments[1]);
    const auto uid = base::Uuid::parse(arguments[2]);
    if (!url || !uid) return 2;
    asio::io_context context(1);
    net::ClientOptions options;
    options.url = *url;
    FakeAgent agent(*uid, arguments[3]);
    asio::co_spawn(context, agent.run(options), asio::detached);
    context.run();
}
