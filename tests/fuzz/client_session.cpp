// A client's session under any server: what it says is always a valid AgentToServer, its numbers have no gap, and it
// comes to rest when nothing more arrives.
#include "opamp/client_session.hpp"

#include <opamp/v1/opamp.pb.h>

#include <string>

#include "fuzz/fuzz.hpp"

namespace {

using fuzz::must;
using namespace std::chrono_literals;
namespace pb = opamp::proto::v1;

class Talk {
public:
    explicit Talk(std::uint8_t mode)
        : transport_(mode & 1 ? opamp::Transport::http : opamp::Transport::websocket),
          session_({*base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566"),
                    mode & 2 ? std::uint64_t{opamp::kReportsStatus} : std::uint64_t{0xFFF7}, 30s, 30s}) {
        session_.set_custom_capabilities({"org.example.a"});
        session_.set_available_components({{"c", {{{"k", "v"}}, {{"d", {}}}}}});
        if (mode & 4) session_.request_instance_uid();
        if (mode & 8) session_.request_certificate("csr");
        session_.connected(transport_);
    }

    void happen(const fuzz::Event& event) {
        switch (event.kind % 12) {
        case 0: session_.connected(transport_); break;
        case 1: take_back(); break;
        case 2: give_up(); break;
        case 3: session_.set_health({false, 1, std::string(event.bytes), "", 2, {}}); break;
        case 4: set_effective_config(std::string(event.bytes)); break;
        case 5: (void)session_.send({"org.example.a", "t", std::string(event.bytes)}); break;
        case 6: session_.request_certificate(std::string(event.bytes)); break;
        case 7: check(session_.goodbye(now_)); break;
        case 8: now_ += 10s; break;
        default: receive(event.bytes); break;
        }
    }

    void set_effective_config(const std::string& body) {
        const auto read = [body] { return std::optional(opamp::ConfigMap{{"", {body, "text/yaml"}}}); };
        session_.set_effective_config({body, read});
    }

    void say_all() {
        constexpr int kMost = 40;  // 16 custom messages, a report, a heartbeat: and then nothing
        int messages = 0;
        while (const auto message = session_.next_message(now_)) {
            check(*message);
            must(++messages < kMost, "it comes to rest");
        }
    }
    void say_one() {
        if (const auto message = session_.next_message(now_)) check(*message);
    }

private:
    void check(const std::string& bytes) {
        pb::AgentToServer message;
        must(message.ParseFromString(bytes), "it is an AgentToServer");
        must(message.instance_uid() == session_.instance_uid().bytes(), "it names the instance");
        must(message.sequence_num() == number_, "the numbers have no gap");
        must((message.capabilities() & 1) != 0 && (message.flags() & ~1ull) == 0, "only what is defined is set");
        ++number_;
        can_be_undone_ = true;
    }
    void take_back() {
        session_.take_back();
        if (std::exchange(can_be_undone_, false)) --number_;
    }
    void give_up() {
        session_.give_up_largest();
        if (std::exchange(can_be_undone_, false)) --number_;
    }
    void receive(std::string_view bytes) {
        const auto orders = session_.receive(bytes);
        if (!orders) return;
        must(!orders->restart || (!orders->remote_config && !orders->connection_settings), "a restart is alone");
        for (const std::string& ignored : orders->ignored) must(ignored.size() < 1024, "what is logged is short");
        if (orders->connection_settings && orders->connection_settings->opamp)
            session_.set_heartbeat_interval(opamp::heartbeat_interval(*orders->connection_settings->opamp));
        if (orders->new_instance_uid) session_.set_instance_uid(*orders->new_instance_uid);
        if (orders->remote_config)
            session_.set_remote_config_status({orders->remote_config->hash, opamp::ConfigStatus::applied, ""});
        // Over HTTP this says that the message given last is not to be undone any more.
        if (orders->error && orders->error->type == opamp::ServerError::Type::unavailable &&
            transport_ == opamp::Transport::http)
            can_be_undone_ = false;
    }

    opamp::Transport transport_;
    opamp::ClientSession session_;
    opamp::ClientSession::TimePoint now_{1h};
    std::uint64_t number_ = 0;
    bool can_be_undone_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Talk talk(data[0]);
    fuzz::Story story(data + 1, size - 1);
    while (const auto event = story.next()) {
        talk.happen(*event);
        if (event->kind & 0x80)
            talk.say_one();
        else
            talk.say_all();
    }
    talk.say_all();
    return 0;
}
