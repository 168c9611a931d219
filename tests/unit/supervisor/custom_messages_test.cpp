#include "supervisor/custom_messages.hpp"

#include <signal.h>

#include <catch2/catch.hpp>

#include "supervisor/custom_answers.hpp"
#include "support/run.hpp"
#include "support/temp_folder.hpp"

using opamp::CustomMessage;
using supervisor::answers_in;
using supervisor::CustomMessages;
using Answers = std::vector<CustomMessage>;

namespace {

const CustomMessage kReceived{"com.example.a/1.0", "question", ""};

std::string every_byte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

/// An agent with the capabilities com.example.a/1.0 and com.example.b, whose programs are shell scripts.
struct Rig {
    Rig() {
        agent.name = "web";
        agent.working_directory = folder.path();
    }
    ~Rig() { end(); }

    void give(const std::string& name, const std::string& script) {
        settings::CustomCapability capability;
        capability.command = {"/bin/sh", "-c", script};
        capability.timeout = support::kLimit;
        agent.custom_capabilities[name] = capability;
    }
    void start() {
        CustomMessages::Options options;
        options.executor = context.get_executor();
        options.provision = [] {
            supervisor::Provision provision;
            provision.environment = {"PATH=/usr/bin:/bin", "OPAMP_INSTANCE_UID=old", "OWN=mine"};
            return base::Result<supervisor::Provision>(std::move(provision));
        };
        options.instance_uid = [] { return std::string("01890a5d-ac96-774b-bcce-b302099a8057"); };
        options.send = [this](CustomMessage message) {
            if (sent.size() >= room) return false;
            sent.push_back(std::move(message));
            return true;
        };
        messages.emplace(agent, std::move(options));
        tasks.spawn("custom messages", messages->run());
    }
    void end() { support::run(context, support::ended(tasks)); }
    bool answers(std::size_t count) {
        return support::eventually(context, [&] { return sent.size() >= count; });
    }

    support::TempFolder folder;
    async::asio::io_context context;
    settings::Agent agent;
    std::optional<CustomMessages> messages;
    async::TaskGroup tasks{context.get_executor()};
    Answers sent;
    std::size_t room = 1000;
};

}  // namespace

TEST_CASE("each line is an answer, with the escapes", "[supervisor][custom]") {
    const auto lines = [](const std::string& output) {
        const auto answers = answers_in(output, kReceived);
        REQUIRE(answers);
        for (const CustomMessage& answer : *answers) CHECK(answer.capability == kReceived.capability);
        return *answers;
    };
    const auto one = [](const std::string& type, const std::string& data) {
        return Answers{{kReceived.capability, type, data}};
    };
    CHECK(lines("").empty());
    CHECK(lines("\n") == one("question", ""));
    CHECK(lines("some text\n") == one("question", "some text"));
    CHECK(lines("a\r\n\nlast") == Answers{{kReceived.capability, "question", "a\r"},
                                          {kReceived.capability, "question", ""},
                                          {kReceived.capability, "question", "last"}});
    CHECK(lines("@done all of it\n") == one("done", "all of it"));
    CHECK(lines("@done\n") == one("done", ""));
    CHECK(lines("@ @x\n") == one("question", "@x"));
    CHECK(lines("@base64:done aGkKeW8=\n") == one("done", "hi\nyo"));
    CHECK(lines("@base64: AAH/\n") == one("question", std::string("\0\1\xff", 3)));
    CHECK(lines("@base64:done\n") == one("done", ""));
    CHECK(lines("@b\xff x\n") == one("b\xef\xbf\xbd", "x"));
}

TEST_CASE("what is not base64 is told with its line", "[supervisor][custom]") {
    for (const char* bad : {"a", "aaa", "====", "a===", "aa=a", "aGk\n=", "aG k", "aGl=", "aGkK\r"}) {
        INFO(bad);
        const auto answers = answers_in("good\n@base64:done " + std::string(bad) + "\n", kReceived);
        REQUIRE_FALSE(answers);
        CHECK(answers.error().text() == "line 2 of its output: what follows '@base64:TYPE ' is not base64");
    }
}

TEST_CASE("any bytes arrive at the program and come back unchanged [CMSG-10]", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0", "printf '@base64:echo '; base64 -w 0");
    rig.start();
    rig.messages->take({"com.example.a/1.0", "question", every_byte()});
    rig.messages->take({"com.example.a/1.0", "question", ""});
    REQUIRE(rig.answers(2));
    CHECK(rig.sent == Answers{{"com.example.a/1.0", "echo", every_byte()}, {"com.example.a/1.0", "echo", ""}});
}

TEST_CASE("a program learns what the message is", "[supervisor][custom]") {
    Rig rig;
    rig.give(
        "com.example.a/1.0",
        "echo $OPAMP_CUSTOM_CAPABILITY; echo $OPAMP_CUSTOM_TYPE; echo $OPAMP_INSTANCE_UID; echo $OPAMP_AGENT_NAME; "
        "echo $OWN; pwd");
    rig.start();
    rig.messages->take(kReceived);
    REQUIRE(rig.answers(6));
    std::vector<std::string> data;
    for (const auto& answer : rig.sent) data.push_back(answer.data);
    CHECK(data == std::vector<std::string>{"com.example.a/1.0", "question", "01890a5d-ac96-774b-bcce-b302099a8057",
                                           "web", "mine", rig.folder.path().string()});
}

TEST_CASE("one type of two capabilities is two things [CMSG-9]", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0", "echo from a");
    rig.give("com.example.b", "echo from b");
    rig.start();
    CHECK(rig.messages->capabilities() == std::vector<std::string>{"com.example.a/1.0", "com.example.b"});
    rig.messages->take({"com.example.b", "get", ""});
    rig.messages->take({"com.example.a/1.0", "get", ""});
    REQUIRE(rig.answers(2));
    CHECK(rig.sent == Answers{{"com.example.b", "get", "from b"}, {"com.example.a/1.0", "get", "from a"}});
}

TEST_CASE("what is not supported is passed over [CMSG-6] [CMSG-7]", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.b", "test \"$OPAMP_CUSTOM_TYPE\" = known && echo answer; true");
    rig.start();
    rig.messages->take({"com.example.unknown", "known", ""});
    rig.messages->take({"com.example.b", std::string("kno\0wn", 6), ""});
    rig.messages->take({"com.example.b", "unknown", ""});
    rig.messages->take({"com.example.b", "known", ""});
    REQUIRE(rig.answers(1));
    CHECK(rig.sent == Answers{{"com.example.b", "known", "answer"}});
}

TEST_CASE("a program that fails answers nothing, and the next message has its turn", "[supervisor][custom]") {
    Rig rig;
    const std::string failure = GENERATE("exit 3", "kill -9 $$", "echo @base64: x", "yes");
    rig.give("com.example.a/1.0", "echo partial; " + failure);
    rig.give("com.example.b", "echo good");
    rig.agent.custom_capabilities["com.example.a/1.0"].max_output = 1000;
    rig.start();
    rig.messages->take(kReceived);
    rig.messages->take({"com.example.b", "get", ""});
    REQUIRE(rig.answers(1));
    CHECK(rig.sent == Answers{{"com.example.b", "get", "good"}});
}

TEST_CASE("one program runs at a time, sixteen messages wait, more are dropped", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0",
             "mkdir busy || exit 1; echo > begun; while ! test -e go; do sleep 0.01; done; cat; rmdir busy");
    rig.start();
    rig.messages->take({"com.example.a/1.0", "get", "first"});
    REQUIRE(support::eventually(rig.context, [&] { return std::filesystem::exists(rig.folder / "begun"); }));
    for (int i = 0; i < 18; ++i) rig.messages->take({"com.example.a/1.0", "get", std::to_string(i)});
    support::write(rig.folder / "go", "");
    REQUIRE(rig.answers(17));
    rig.messages->take({"com.example.a/1.0", "get", "last"});
    REQUIRE(rig.answers(18));
    CHECK(rig.sent[0].data == "first");
    for (std::size_t i = 0; i < 16; ++i) CHECK(rig.sent[i + 1].data == std::to_string(i));
    CHECK(rig.sent[17].data == "last");
}

TEST_CASE("waiting messages are bounded in bytes", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0", "wc -c");
    rig.start();
    for (int i = 0; i < 3; ++i) rig.messages->take({"com.example.a/1.0", "get", std::string(8'000'000, 'x')});
    rig.messages->take({"com.example.a/1.0", "get", ""});
    REQUIRE(rig.answers(3));
    CHECK(rig.sent[1].data == "8000000");
    CHECK(rig.sent[2].data == "0");
}

TEST_CASE("the type of a waiting message counts among its bytes", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0", "wc -c");
    rig.start();
    rig.messages->take({"com.example.a/1.0", "get", std::string(8u << 20, 'x')});
    rig.messages->take({"com.example.a/1.0", "get", std::string((8u << 20) - 1000, 'x')});
    rig.messages->take({"com.example.a/1.0", std::string(100'000, 't'), ""});
    rig.messages->take({"com.example.a/1.0", "last", ""});
    REQUIRE(rig.answers(3));
    CHECK(rig.sent[1].data == "8387608");
    CHECK(rig.sent[2].type == "last");
}

TEST_CASE("answers that cannot be sent do not stop the next", "[supervisor][custom]") {
    Rig rig;
    rig.room = 1;
    rig.give("com.example.a/1.0", "echo 1; echo 2; echo > ran");
    rig.start();
    rig.messages->take(kReceived);
    REQUIRE(rig.answers(1));
    rig.room = 1000;
    rig.messages->take(kReceived);
    REQUIRE(rig.answers(3));
    CHECK(rig.sent.size() == 3);
}

TEST_CASE("the end takes the program that runs with it", "[supervisor][custom]") {
    Rig rig;
    rig.give("com.example.a/1.0", "echo $$ > pid; exec sleep 1000");
    rig.start();
    rig.messages->take(kReceived);
    REQUIRE(support::eventually(rig.context, [&] { return support::read(rig.folder / "pid").ends_with('\n'); }));
    rig.end();
    CHECK(::kill(std::stoi(support::read(rig.folder / "pid")), 0) != 0);
    CHECK(rig.sent.empty());
}
