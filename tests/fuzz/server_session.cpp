// A server's session under any agent: a report is refused or answered, and an answer is always a valid ServerToAgent.
#include "opamp/server_session.hpp"

#include <opamp/v1/opamp.pb.h>

#include <string>

#include "fuzz/fuzz.hpp"

namespace {

using fuzz::must;
namespace pb = opamp::proto::v1;

void check(const std::string& bytes) {
    pb::ServerToAgent message;
    must(message.ParseFromString(bytes), "it is a ServerToAgent");
    must(message.instance_uid().size() == 16, "it is addressed");
}

void receive(opamp::ServerSession& session, std::string_view bytes) {
    const auto report = opamp::decode_report(bytes);
    if (!report) {
        must(!report.error().text().empty(), "a refusal says why");
        return;
    }
    check(session.receive(*report).message);
    constexpr int kMost = 8;
    int pushes = 0;
    while (const auto push = session.next_push()) {
        check(*push);
        must(++pushes < kMost, "it comes to rest");
    }
    // What is kept in the database is read again as it was.
    const opamp::AgentState& state = session.state();
    if (state.health) must(opamp::decode_health(opamp::encode(*state.health)) == state.health, "health is kept");
    if (state.description)
        must(opamp::decode_description(opamp::encode(*state.description)).has_value(), "a description is kept");
    if (state.effective_config)
        must(opamp::decode_config(opamp::encode(*state.effective_config)) == state.effective_config,
             "an effective config is kept");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    opamp::ServerSession session;
    session.connected();
    fuzz::Story story(data, size);
    while (const auto event = story.next()) {
        const std::string bytes(event->bytes);
        switch (event->kind % 8) {
        case 0: session.connected(); break;
        case 1: session.disconnected(); break;
        case 2: session.set_config(opamp::RemoteConfig{{{"", {bytes, ""}}}, "hash"}); break;
        case 3: session.set_config(std::nullopt); break;
        case 4: session.ask_full_state(); break;
        case 5: (void)session.restart(); break;
        default: receive(session, bytes); break;
        }
    }
    return 0;
}
