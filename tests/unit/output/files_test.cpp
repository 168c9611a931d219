#include "output/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>

#include "output/pack.hpp"
#include "output/reader.hpp"
#include "support/temp_folder.hpp"

using namespace output;
using namespace std::chrono_literals;

namespace {

std::string unpacked(const std::filesystem::path& file) {
    Unpacker packed(base::UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)));
    std::string all;
    for (std::string piece = packed.read(); !piece.empty(); piece = packed.read()) all += piece;
    return all;
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

std::string all_of(Reader& reader) {
    std::string all;
    for (std::string piece = reader.read(); !piece.empty(); piece = reader.read()) all += piece;
    return all;
}

std::string numbered(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
}

struct Rig {
    explicit Rig(Limits limits = {}) : files(folder / "agent.log", limits) { files.mend(); }

    void print(const std::string& text) { std::ofstream(folder / "agent.log", std::ios::app) << text; }
    void rotate() { REQUIRE(files.rotate()); }
    bool pack() {
        const std::atomic<bool> stop{false};
        const auto packed = files.pack_next(stop);
        REQUIRE(packed);
        return *packed;
    }

    support::TempFolder folder;
    Files files;
};

}  // namespace

TEST_CASE("what is packed is what comes out again", "[output][pack]") {
    support::TempFolder folder;
    const auto size = GENERATE(as<std::size_t>(), 0, 1, 100, (64 << 10) - 1, 64 << 10, 300'000);
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + (i * i + i / 7) % 26);
    support::write(folder / "plain", text);
    const std::atomic<bool> stop{false};
    REQUIRE(pack(folder / "plain", folder / "packed", stop));
    CHECK(unpacked(folder / "packed") == text);
    CHECK(std::filesystem::last_write_time(folder / "packed") == std::filesystem::last_write_time(folder / "plain"));
    CHECK(support::read(folder / "plain") == text);
}

TEST_CASE("packing that is stopped leaves nothing", "[output][pack]") {
    support::TempFolder folder;
    support::write(folder / "plain", "text");
    const std::atomic<bool> stop{true};
    const auto packed = pack(folder / "plain", folder / "packed", stop);
    REQUIRE_FALSE(packed);
    CHECK(packed.error().kind() == base::Kind::cancelled);
    CHECK(names_in(folder.path()) == std::set<std::string>{"plain"});
}

TEST_CASE("a packed file that is damaged ends where the damage is", "[output][pack]") {
    support::TempFolder folder;
    support::write(folder / "plain", numbered(0, 100));
    const std::atomic<bool> stop{false};
    REQUIRE(pack(folder / "plain", folder / "packed", stop));
    const std::string whole = support::read(folder / "packed");
    support::write(folder / "packed", whole.substr(0, whole.size() / 2));
    CHECK(numbered(0, 100).starts_with(unpacked(folder / "packed")));
    support::write(folder / "packed", "no gzip at all");
    CHECK(unpacked(folder / "packed").empty());
}

TEST_CASE("rotated files get numbers that grow, and the oldest go", "[output][files]") {
    Rig rig({.keep = 2, .compress = false});
    for (int i = 1; i <= 4; ++i) {
        rig.print(std::to_string(i));
        rig.rotate();
        rig.files.remove_surplus();
    }
    CHECK(names_in(rig.folder.path()) == std::set<std::string>{"agent.log", "agent.log.3", "agent.log.4"});
    CHECK(support::read(rig.folder / "agent.log.4") == "4");
    CHECK(support::read(rig.folder / "agent.log").empty());
    Files later(rig.folder / "agent.log", {});
    later.mend();
    CHECK(later.live_number() == 5);
}

TEST_CASE("packing takes the newest first, one at a time", "[output][files]") {
    Rig rig({.keep = 5});
    for (int i = 1; i <= 3; ++i) {
        rig.print(std::to_string(i));
        rig.rotate();
    }
    CHECK(rig.pack());
    CHECK(names_in(rig.folder.path()) ==
          std::set<std::string>{"agent.log", "agent.log.1", "agent.log.2", "agent.log.3.gz"});
    CHECK(unpacked(rig.folder / "agent.log.3.gz") == "3");
    CHECK(rig.pack());
    CHECK(rig.pack());
    CHECK_FALSE(rig.pack());
    CHECK(names_in(rig.folder.path()) ==
          std::set<std::string>{"agent.log", "agent.log.1.gz", "agent.log.2.gz", "agent.log.3.gz"});
}

TEST_CASE("a start mends what a stop in the middle has left", "[output][files]") {
    Rig rig;
    const auto file = [&](const std::string& name) { support::write(rig.folder / name, name); };
    SECTION("of a rotation, before the new file had its name") {
        file("agent.log.1");
        file(".agent.log.new");
        rig.files.mend();
        CHECK(names_in(rig.folder.path()) == std::set<std::string>{"agent.log.1"});
        CHECK(rig.files.live_number() == 2);
        REQUIRE(rig.files.open(O_WRONLY));
    }
    SECTION("of a packing, before it was whole") {
        file("agent.log.7");
        file(".agent.log.7.gz.new");
        rig.files.mend();
        CHECK(names_in(rig.folder.path()) == std::set<std::string>{"agent.log.7"});
        CHECK(rig.pack());
        CHECK(unpacked(rig.folder / "agent.log.7.gz") == "agent.log.7");
    }
    SECTION("of a packing, before the plain one was gone") {
        file("agent.log.7");
        file("agent.log.7.gz");
        rig.files.mend();
        CHECK(names_in(rig.folder.path()) == std::set<std::string>{"agent.log.7.gz"});
    }
    SECTION("and touches nothing else") {
        for (const char* name : {"agent.log.x", ".other.new", ".agent.log.swp", "agent.log.1.bz2"}) file(name);
        rig.files.mend();
        CHECK(names_in(rig.folder.path()).size() == 4);
        CHECK(rig.files.live_number() == 1);
    }
}

TEST_CASE("a folder in the file's place is an error", "[output][files]") {
    Rig rig;
    std::filesystem::create_directory(rig.folder / "agent.log");
    CHECK_FALSE(rig.files.open(O_WRONLY));
}

TEST_CASE("a rotation that fails leaves the live file", "[output][files]") {
    Rig rig;
    rig.print("here\n");
    std::filesystem::create_directory(rig.folder / "agent.log.1");
    support::write(rig.folder / "agent.log.1" / "in the way", "");
    CHECK_FALSE(rig.files.rotate());
    CHECK(support::read(rig.folder / "agent.log") == "here\n");
    CHECK(rig.files.live_number() == 1);
    CHECK(names_in(rig.folder.path()).size() == 2);
}

TEST_CASE("the last lines are found across files, packed or not", "[output][reader]") {
    Rig rig({.keep = 10});
    rig.print(numbered(0, 10));
    rig.rotate();
    rig.pack();
    rig.print(numbered(10, 20'000));
    rig.rotate();
    rig.pack();
    rig.print(numbered(20'000, 20'005));
    rig.rotate();
    rig.print(numbered(20'005, 20'010) + "and");
    const auto lines = GENERATE(as<int>(), 0, 1, 2, 6, 7, 11, 12, 5'000, 20'001, 20'011, 99'999);
    Reader reader(rig.files);
    reader.to_last_lines(static_cast<std::uint64_t>(lines));
    const std::string wanted = lines == 0 ? "" : numbered(std::max(0, 20'010 - lines + 1), 20'010) + "and";
    const bool is_same = all_of(reader) == wanted;  // which is too much to show
    CAPTURE(lines);
    CHECK(is_same);
}

TEST_CASE("a reader follows over rotations, and says what it missed", "[output][reader]") {
    Rig rig({.keep = 2});
    rig.print("one\n");
    Reader reader(rig.files);
    reader.to_end();
    CHECK(reader.read().empty());
    rig.print("two\n");
    CHECK(all_of(reader) == "two\n");
    rig.print("three\n");
    rig.rotate();
    rig.print("four\n");
    rig.rotate();
    rig.pack();
    rig.print("five\n");
    CHECK(all_of(reader) == "three\nfour\nfive\n");
    CHECK_FALSE(reader.has_skipped());
    for (int i = 0; i < 5; ++i) {
        rig.rotate();
        rig.files.remove_surplus();
        rig.print(std::to_string(i) + "\n");
    }
    CHECK(all_of(reader) == "2\n3\n4\n");
    CHECK(reader.has_skipped());
    CHECK_FALSE(reader.has_skipped());
}

TEST_CASE("a file that is emptied, or gives way to another one of its name, is read from its begin",
          "[output][reader]") {
    const bool is_removed = GENERATE(false, true);
    Rig rig;
    rig.print("one\ntwo\n");
    Reader reader(rig.files);
    reader.to_end();
    CHECK(reader.read().empty());
    const auto file = rig.folder / "agent.log";
    is_removed ? (void)std::filesystem::remove(file) : std::filesystem::resize_file(file, 0);
    CHECK(reader.read().empty());
    rig.print("new\n");
    CHECK(all_of(reader) == "new\n");
}
