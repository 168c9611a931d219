#include "supervisor/stored_connection.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using supervisor::load_connection;
using supervisor::store_connection;
using supervisor::StoredConnection;

namespace {

StoredConnection full() {
    StoredConnection stored;
    stored.status = {std::string("\0hash", 5), opamp::ConfigStatus::applying, "line\nbreak"};
    stored.accepted.emplace();
    stored.accepted->destination_endpoint = "wss://a/";
    stored.accepted->headers = opamp::Headers{{"Authorization", "Bearer x"}};
    stored.accepted->certificate = opamp::TlsCertificate{"C", "K", "A"};
    stored.accepted->heartbeat_interval_seconds = 7;
    stored.candidate = stored.accepted;
    stored.candidate->tls.emplace();
    stored.candidate->tls->cipher_suites = {"S"};
    stored.candidate->proxy = opamp::ProxySettings{"p:1", {{"H", "v"}}};
    stored.request_key = "KEY";
    return stored;
}

}  // namespace

TEST_CASE("what is kept of a connection survives, for no other eyes",
          "[supervisor][stored_connection][CONN-2][CONN-6]") {
    const support::TempFolder folder;
    REQUIRE(store_connection(folder.path(), full()));
    const auto loaded = load_connection(folder.path());
    CHECK(loaded.stored == full());
    CHECK_FALSE(loaded.note);
    struct stat info {};
    REQUIRE(::stat((folder / "connection").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("with nothing to keep there is no file", "[supervisor][stored_connection]") {
    const support::TempFolder folder;
    REQUIRE(store_connection(folder.path(), full()));
    REQUIRE(store_connection(folder.path(), {}));
    CHECK_FALSE(std::filesystem::exists(folder / "connection"));
    CHECK(load_connection(folder.path()).stored == StoredConnection{});
    REQUIRE(store_connection(folder.path(), {}));
}

TEST_CASE("a damaged file is set aside, and the settings file counts", "[supervisor][stored_connection]") {
    const support::TempFolder folder;
    const std::string text =
        GENERATE("", "status: APPLIED\n", "status: APPLIED\nhash: \nerror_message: \naccepted: zz\n",
                 "status: OTHER\nhash: \nerror_message: \n", "garbage");
    support::write(folder / "connection", text);
    const auto loaded = load_connection(folder.path());
    CHECK(loaded.stored == StoredConnection{});
    REQUIRE(loaded.note);
    CHECK(std::filesystem::exists(folder / "connection.damaged"));
}
