#include "base/files.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using support::TempFolder;

namespace {

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is replaced whole, with its mode, and nothing is left beside it", "[base][files]") {
    TempFolder folder;
    REQUIRE(base::replace_file(folder / "f", "one", 0600));
    REQUIRE(base::replace_file(folder / "f", "two", 0640));
    CHECK(support::read(folder / "f") == "two");
    struct stat info {};
    REQUIRE(::stat((folder / "f").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a file that cannot be replaced is left as it was", "[base][files]") {
    TempFolder folder;
    std::filesystem::create_directory(folder / "f");
    const auto replaced = base::replace_file(folder / "f", "x", 0600);
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().message().starts_with("writing '" + (folder / "f").string() + "': "));
    CHECK(entries(folder.path()) == 1);
    CHECK_FALSE(base::replace_file(folder / "missing/f", "x", 0600));
}

TEST_CASE("a link is replaced in one step", "[base][files]") {
    TempFolder folder;
    REQUIRE(base::replace_link(folder / "l", "a"));
    REQUIRE(base::replace_link(folder / "l", "b"));
    CHECK(std::filesystem::read_symlink(folder / "l") == "b");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("reading says why it cannot", "[base][files]") {
    TempFolder folder;
    CHECK(base::read_file(folder / "missing").error().kind() == base::Kind::not_found);
    CHECK(base::read_file(folder.path()).error().kind() == base::Kind::invalid);
    support::write(folder / "f", "12345");
    CHECK(*base::read_file(folder / "f", 5) == "12345");
    CHECK(base::read_file(folder / "f", 4).error().kind() == base::Kind::too_large);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(base::read_file(folder / "pipe").error().kind() == base::Kind::invalid);  // and does not wait for a writer
}

TEST_CASE("folders are made with their parents", "[base][files]") {
    TempFolder folder;
    REQUIRE(base::make_folder(folder / "a/b/c", 0700));
    REQUIRE(base::make_folder(folder / "a/b/c", 0700));
    support::write(folder / "f", "");
    CHECK_FALSE(base::make_folder(folder / "f", 0700));
    CHECK_FALSE(base::make_folder(folder / "f/g", 0700));
}

TEST_CASE("what is set aside keeps its content, and replaces what was set aside before", "[base][files]") {
    TempFolder folder;
    support::write(folder / "f", "one");
    REQUIRE(base::set_aside(folder / "f"));
    support::write(folder / "f", "two");
    CHECK(*base::set_aside(folder / "f") == folder / "f.damaged");
    CHECK(support::read(folder / "f.damaged") == "two");
    CHECK_FALSE(std::filesystem::exists(folder / "f"));
}

TEST_CASE("what stands where something else is wanted is set aside", "[base][files]") {
    TempFolder folder;
    CHECK_FALSE(base::make_room(folder / "f", base::Wanted::file));
    std::filesystem::create_directory(folder / "f");
    CHECK_FALSE(base::make_room(folder / "f", base::Wanted::folder));
    const auto note = base::make_room(folder / "f", base::Wanted::file);
    REQUIRE(note);
    CHECK(*note == "'" + (folder / "f").string() + "' is a folder; kept as '" + (folder / "f.damaged").string() + "'");
    CHECK_FALSE(std::filesystem::exists(folder / "f"));
}

TEST_CASE("what a stop in the middle of a replacement left is removed, and nothing else", "[base][files]") {
    TempFolder folder;
    for (const char* name : {".f.new", ".g.new", "f", ".f", "f.new"}) support::write(folder / name, "");
    base::remove_unfinished(folder / "f");
    CHECK_FALSE(std::filesystem::exists(folder / ".f.new"));
    CHECK(std::filesystem::exists(folder / ".g.new"));
    base::remove_all_unfinished(folder.path());
    CHECK_FALSE(std::filesystem::exists(folder / ".g.new"));
    for (const char* name : {"f", ".f", "f.new"}) CHECK(std::filesystem::exists(folder / name));
    base::remove_all_unfinished(folder / "missing");
}
