#include "server/agents.hpp"

#include <opamp/v1/opamp.pb.h>

#include "unit/server/rig.hpp"

namespace pb = opamp::proto::v1;
using namespace server_test;
using opamp::ConfigProgress;
using Lines = std::vector<std::string>;

namespace {

struct Rig {
    explicit Rig(server::AgentLimits limits = {}, const std::string& file = ":memory:")
        : store(std::move(*server::Store::open(file))), agents(*store, events, limits) {
        REQUIRE(agents.load());
    }
    pb::ServerToAgent receive(const opamp::AgentReport& report) { return receive(link, report); }
    pb::ServerToAgent receive(Link& from, const opamp::AgentReport& report) {
        pb::ServerToAgent message;
        REQUIRE(message.ParseFromString(agents.receive(from, report, 100, now)));
        return message;
    }
    const server::Agent& agent(const base::Uuid& uid = kUid) {
        const server::Agent* found = agents.find(uid);
        REQUIRE(found != nullptr);
        return *found;
    }

    Events events;
    std::unique_ptr<server::Store> store;
    server::Agents agents;
    Link link;
    server::Time now = at(0);
};

base::Uuid new_uid(const pb::ServerToAgent& message) {
    const auto uid = base::Uuid::from_bytes(message.agent_identification().new_instance_uid());
    REQUIRE(uid);
    return *uid;
}

}  // namespace

TEST_CASE("an agent appears with its first report, and is disconnected at its goodbye",
          "[server][agents][SRV-LIFE-3]") {
    Rig rig;
    rig.receive(full_report(0));
    CHECK(rig.agent().name() == "demo");
    CHECK(rig.agent().attribute("host.name") == "h");
    CHECK(rig.agent().link == &rig.link);
    CHECK(rig.events.take() == Lines{"changed demo"});

    rig.now = at(30);
    rig.receive(heartbeat(1));
    CHECK(rig.agent().last_seen == at(30));
    CHECK(rig.agent().connected_since == at(0));
    CHECK(rig.events.take() == Lines{"seen demo"});

    auto goodbye = heartbeat(2);
    goodbye.is_goodbye = true;
    CHECK_FALSE(rig.receive(goodbye).has_error_response());
    CHECK(rig.agent().link == nullptr);
    CHECK_FALSE(rig.agent().connected_since);
    CHECK(rig.events.take() == Lines{"changed demo"});
}

TEST_CASE("the end of a connection disconnects its agents", "[server][agents][SRV-LIFE-3][SRV-STAT-2]") {
    Rig rig;
    CHECK(rig.receive(full_report(0)).instance_uid() == kUid.bytes());
    CHECK(rig.receive(full_report(0, kOtherUid, "second")).instance_uid() == kOtherUid.bytes());
    rig.agents.ended(rig.link, at(1));
    CHECK(rig.agent().link == nullptr);
    CHECK(rig.agent(kOtherUid).link == nullptr);
}

TEST_CASE("agents of an earlier run are known, disconnected, and have their config", "[server][agents]") {
    const support::TempFolder folder;
    const std::string file = folder / "server.db";
    {
        Rig rig({}, file);
        rig.receive(full_report(0));
        REQUIRE(rig.agents.set_config(kUid, kFiles, at(1)));
    }
    Rig rig({}, file);
    CHECK(rig.agent().name() == "demo");
    CHECK(rig.agent().link == nullptr);
    CHECK(rig.agent().last_seen == at(0));
    CHECK(rig.agent().config_set_at == at(1));
    CHECK(rig.agent().session.progress() == ConfigProgress::waiting);
    const auto reply = rig.receive(full_report(0));
    CHECK(reply.remote_config().config().config_map().at("").body() == "instrument: true\n");
}

TEST_CASE("the way of a config is kept step by step", "[server][agents]") {
    Rig rig;
    rig.receive(full_report(0));
    REQUIRE(rig.agents.set_config(kUid, kFiles, at(1)));
    CHECK(rig.link.woken == std::set{kUid});
    REQUIRE(rig.agents.next_push(rig.link, kUid, at(2)));
    CHECK_FALSE(rig.agents.next_push(rig.link, kUid, at(2)));
    int second = 2;
    for (const auto status : {opamp::ConfigStatus::applying, opamp::ConfigStatus::applied}) {
        auto report = heartbeat(static_cast<std::uint64_t>(second) - 1);
        report.parts.remote_config_status = opamp::RemoteConfigStatus{opamp::config_hash(kFiles), status, ""};
        rig.now = at(++second);
        rig.receive(report);
    }
    std::vector<std::pair<ConfigProgress, server::Time>> steps;
    for (const auto& step : rig.agent().steps) steps.emplace_back(step.progress, step.at);
    CHECK(steps == std::vector<std::pair<ConfigProgress, server::Time>>{{ConfigProgress::waiting, at(1)},
                                                                        {ConfigProgress::offered, at(2)},
                                                                        {ConfigProgress::applying, at(3)},
                                                                        {ConfigProgress::applied, at(4)}});
}

TEST_CASE("what the operator asks for in vain", "[server][agents]") {
    Rig rig;
    CHECK(rig.agents.set_config(kUid, kFiles, at(0)).error().kind() == base::Kind::not_found);
    CHECK(rig.agents.restart(kUid).error().kind() == base::Kind::not_found);
    CHECK(rig.agents.forget(kUid).error().kind() == base::Kind::not_found);

    auto silent = full_report(0);
    silent.parts.capabilities = opamp::kReportsStatus;
    rig.receive(silent);
    CHECK(rig.agents.set_config(kUid, kFiles, at(0)).error().kind() == base::Kind::refused);
    CHECK(rig.agents.restart(kUid).error().kind() == base::Kind::refused);
    CHECK(rig.agents.forget(kUid).error().kind() == base::Kind::refused);

    rig.receive(heartbeat(1));
    CHECK(rig.agents.restart(kUid));
    rig.agents.ended(rig.link, at(1));
    CHECK_THAT(rig.agents.restart(kUid).error().text(), Catch::Contains("not connected"));
    CHECK(rig.agents.forget(kUid));
    CHECK(rig.agents.find(kUid) == nullptr);
    CHECK(rig.store->load()->empty());
}

TEST_CASE("an agent that asks for a uid gets one, and is known by it", "[server][agents][SRV-UID-1][SRV-UID-2]") {
    Rig rig;
    auto report = full_report(0);
    report.wants_instance_uid = true;
    const auto reply = rig.receive(report);
    CHECK(reply.instance_uid() == kUid.bytes());
    const base::Uuid uid = new_uid(reply);
    CHECK((uid.bytes()[6] & 0xF0) == 0x70);
    CHECK(rig.agents.find(kUid) == nullptr);

    report.sequence_num = 1;
    CHECK(new_uid(rig.receive(report)) == uid);

    const auto adopted = rig.receive(heartbeat(2, uid));
    CHECK(adopted.instance_uid() == uid.bytes());
    CHECK_FALSE(adopted.has_agent_identification());
    CHECK(adopted.flags() == 0);
    CHECK(rig.agents.all().size() == 1);
    CHECK(rig.link.agents == std::map<base::Uuid, base::Uuid>{{uid, uid}});
}

TEST_CASE("of two connections with one uid the newer gets another uid", "[server][agents][SRV-UID-3]") {
    Rig rig;
    Link newer;
    rig.receive(full_report(0));
    CHECK(rig.agents.rival(newer, kUid) == &rig.agent());
    const base::Uuid uid = new_uid(rig.receive(newer, full_report(0, kUid, "second")));
    CHECK(rig.agents.rival(newer, kUid) == nullptr);
    CHECK(rig.agent().name() == "demo");
    CHECK(rig.agent().link == &rig.link);
    CHECK(rig.agent(uid).name() == "second");
    CHECK_FALSE(rig.receive(heartbeat(1)).has_agent_identification());

    auto report = heartbeat(1);
    report.parts.health = opamp::ComponentHealth{};
    CHECK(new_uid(rig.receive(newer, report)) == uid);
    CHECK(rig.agent().session.state().health->healthy);
    CHECK_FALSE(rig.agent(uid).session.state().health->healthy);

    rig.agents.ended(newer, at(1));
    CHECK(rig.agent().link == &rig.link);
    CHECK(rig.agent(uid).link == nullptr);
}

TEST_CASE("an agent may come back on another connection once the first has ended", "[server][agents]") {
    Rig rig;
    Link newer;
    rig.receive(full_report(0));
    rig.agents.ended(rig.link, at(1));
    CHECK_FALSE(rig.receive(newer, heartbeat(1)).has_agent_identification());
    CHECK(rig.agent().link == &newer);
}

TEST_CASE("what is to be said to an agent is not taken by a connection that it has left", "[server][agents]") {
    Rig rig;
    Link newer;
    rig.receive(full_report(0));
    rig.agents.ended(rig.link, at(1));
    rig.receive(newer, heartbeat(1));
    REQUIRE(rig.agents.set_config(kUid, kFiles, at(2)));
    CHECK_FALSE(rig.agents.next_push(rig.link, kUid, at(2)));
    CHECK(rig.agents.next_push(newer, kUid, at(2)));
}

TEST_CASE("the agents seen longest ago make room, connected ones never do", "[server][agents]") {
    Rig rig({2, 1u << 30});
    const auto third = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-000000000003");
    rig.receive(full_report(0));
    rig.agents.ended(rig.link, at(1));
    rig.now = at(2);
    rig.receive(full_report(0, kOtherUid, "second"));
    rig.receive(full_report(0, third, "third"));
    CHECK(rig.agents.find(kUid) == nullptr);
    CHECK(rig.store->load()->size() == 2);

    const auto refused = rig.receive(full_report(0));
    CHECK(refused.error_response().type() == pb::ServerErrorResponseType_Unavailable);
    CHECK(refused.instance_uid() == kUid.bytes());
    CHECK(rig.agents.all().size() == 2);
}

TEST_CASE("what agents report is bounded in sum", "[server][agents]") {
    Rig rig({100, 10'000});
    auto big = full_report(0);
    big.parts.effective_config = opamp::ConfigMap{{"", {std::string(9'500, 'x'), ""}}};
    rig.receive(big);
    rig.agents.ended(rig.link, at(1));
    Link other;
    auto second = full_report(0, kOtherUid);
    pb::ServerToAgent reply;
    REQUIRE(reply.ParseFromString(rig.agents.receive(other, second, 5'000, at(2))));
    CHECK_FALSE(reply.has_error_response());
    CHECK(rig.agents.find(kUid) == nullptr);
    REQUIRE(reply.ParseFromString(rig.agents.receive(other, second, 10'001, at(2))));
    CHECK(reply.error_response().type() == pb::ServerErrorResponseType_Unavailable);
}

TEST_CASE("what an agent says of its config counts among what it reports", "[server][agents]") {
    Rig rig;
    rig.receive(full_report(0));
    const auto before = rig.agent().reported_bytes();
    auto report = heartbeat(1);
    report.parts.remote_config_status =
        opamp::RemoteConfigStatus{"hash", opamp::ConfigStatus::failed, std::string(1'000, 'x')};
    rig.receive(report);
    CHECK(rig.agent().reported_bytes() >= before + 1'000);
}

TEST_CASE("an agent that is asked for a sign of life is woken to report its full state", "[server][agents]") {
    Rig rig;
    rig.receive(full_report(0));
    rig.agents.ask_sign_of_life(kUid);
    CHECK(rig.link.woken == std::set{kUid});
    pb::ServerToAgent message;
    REQUIRE(message.ParseFromString(rig.agents.next_push(rig.link, kUid, at(1)).value_or("\xFF")));
    CHECK(message.flags() == pb::ServerToAgentFlags_ReportFullState);
}
