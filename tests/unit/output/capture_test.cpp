#include "output/capture.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "output/file_sink.hpp"
#include "output/pack.hpp"
#include "output/stream_sink.hpp"
#include "support/temp_folder.hpp"

using namespace output;
using namespace std::chrono_literals;

namespace {

struct Heard final : Listener {
    void rotated() override { ++rotations; }
    void losing(std::string why) override {
        reason = std::move(why);
        ++losses;
    }
    void lost(std::uint64_t bytes) override { missing = bytes; }
    void failed(std::string why) override { failure = std::move(why); }
    bool wants_lines() const override { return is_curious; }
    void printed(std::string text) override { lines += text; }
    void answer(std::uint64_t question, Printed printed) override {
        told = std::move(printed);
        answered = question;
    }
    void ended(std::uint64_t pipe) override { last_ended = pipe; }

    std::atomic<int> rotations{0}, losses{0};
    std::atomic<std::uint64_t> answered{0}, last_ended{0}, missing{0};
    std::atomic<bool> is_curious{false};
    std::string reason, failure, lines;  ///< To be read after an answer.
    Printed told;
};

void await(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it did not come in time");
        std::this_thread::sleep_for(1ms);
    }
}

/// A process that prints, as seen from the capture.
class Process {
public:
    Process(Capture& capture, std::uint64_t id) {
        auto pipe = make_pipe();
        REQUIRE(pipe);
        out_ = std::move(pipe->write_end);
        REQUIRE(capture.take_up(std::move(pipe->read_end), id));
    }
    void print(std::string_view text) {
        while (!text.empty()) {
            const ssize_t written = ::write(out_.get(), text.data(), text.size());
            if (written < 0) throw std::runtime_error("nobody reads");
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void end() { out_.reset(); }

private:
    base::UniqueFd out_;
};

Printed printed_since(std::uint64_t from, Capture& capture, Heard& heard, std::size_t most = 100) {
    static std::uint64_t question = 0;
    const std::uint64_t mine = ++question;
    REQUIRE(capture.ask(mine, from, most));
    await([&] { return heard.answered == mine; });
    return heard.told;
}

std::string tail_of(Capture& capture, Heard& heard) {
    return printed_since(0, capture, heard).text;
}

std::string line(int i) {
    return "line " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 90), '.') + "\n";
}

struct FileRig {
    explicit FileRig(Limits limits) : files(folder / "agent.log", limits) {
        files.mend();
        capture.emplace(std::make_unique<FileSink>(files, heard, 100), heard);
    }
    /// From the oldest to the live one; all have to end with a line.
    std::string all(bool has_whole_lines = true) {
        std::string text;
        auto numbers = files.numbers();
        for (const std::uint64_t number : numbers) {
            const std::string part = support::read(folder / ("agent.log." + std::to_string(number)));
            if (has_whole_lines) CHECK(part.ends_with('\n'));
            text += part;
        }
        return text + support::read(folder / "agent.log");
    }

    support::TempFolder folder;
    Heard heard;
    Files files;
    std::optional<Capture> capture;
};

}  // namespace

TEST_CASE("all that is printed is in the files, each with whole lines", "[output][capture]") {
    FileRig rig({.max_size = 10'000, .keep = 1000, .compress = false});
    Process process(*rig.capture, 1);
    std::string printed;
    for (int i = 0; i < 20'000; ++i) {
        process.print(line(i));
        printed += line(i);
    }
    process.end();
    await([&] { return rig.heard.last_ended == 1; });
    rig.capture.reset();
    const bool is_all = rig.all() == printed;
    CHECK(is_all);
    CHECK(rig.heard.rotations > 90);
    CHECK(rig.files.numbers().size() == static_cast<std::size_t>(rig.heard.rotations));
}

TEST_CASE("pieces of any size are rotated at the ends of lines too", "[output][capture]") {
    FileRig rig({.max_size = 50'000, .keep = 1000, .compress = false});
    Process process(*rig.capture, 1);
    std::string printed;
    for (int i = 0; i < 30'000; ++i) printed += line(i);
    for (std::size_t at = 0, piece = 1; at < printed.size(); at += piece, piece = piece * 7 % 100'003)
        process.print(std::string_view(printed).substr(at, piece));
    process.end();
    await([&] { return rig.heard.last_ended == 1; });
    rig.capture.reset();
    const bool is_all = rig.all() == printed;
    CHECK(is_all);
}

TEST_CASE("a line without an end is cut at last", "[output][capture]") {
    FileRig rig({.max_size = 1'000, .keep = 1000, .compress = false});
    Process process(*rig.capture, 1);
    const std::string endless(1 << 20, 'x');
    process.print(endless);
    process.end();
    await([&] { return rig.heard.last_ended == 1; });
    rig.capture.reset();
    const bool is_all = rig.all(false) == endless;
    CHECK(is_all);
    CHECK(rig.heard.rotations > 5);
    for (const auto& entry : std::filesystem::directory_iterator(rig.folder.path()))
        CHECK(entry.file_size() <= (128u << 10) + 1'000);
}

TEST_CASE("the tail is of the present process alone, over a rotation too", "[output][capture]") {
    FileRig rig({.max_size = 200, .keep = 10, .compress = false});
    Process first(*rig.capture, 1);
    first.print("of the first\n");
    CHECK(tail_of(*rig.capture, rig.heard) == "of the first\n");
    first.end();
    Process second(*rig.capture, 2);
    CHECK(tail_of(*rig.capture, rig.heard).empty());
    second.print("of the second\n");
    CHECK(tail_of(*rig.capture, rig.heard) == "of the second\n");
    const std::string many(250, 'y');
    second.print(many + "\n");
    second.print("after the rotation\n");
    CHECK(tail_of(*rig.capture, rig.heard) == (many + "\nafter the rotation\n").substr(251 + 19 - 100));
    CHECK(rig.heard.rotations == 1);
}

TEST_CASE("what a process left alive prints is not lost", "[output][capture]") {
    FileRig rig({});
    Process left_behind(*rig.capture, 1);
    left_behind.print("one\n");
    Process next(*rig.capture, 2);
    next.print("two\n");
    tail_of(*rig.capture, rig.heard);
    left_behind.print("three\n");
    tail_of(*rig.capture, rig.heard);
    CHECK(support::read(rig.folder / "agent.log") == "one\ntwo\nthree\n");
}

TEST_CASE("what is in the pipe at the end is taken", "[output][capture]") {
    FileRig rig({});
    Process process(*rig.capture, 1);
    process.print("last words\n");
    rig.capture.reset();
    CHECK(support::read(rig.folder / "agent.log") == "last words\n");
}

TEST_CASE("an old file is rotated though nothing is printed", "[output][capture]") {
    FileRig rig({.max_age = 1s, .keep = 5, .compress = false});
    Process process(*rig.capture, 1);
    process.print("old\n");
    await([&] { return rig.heard.rotations == 1; });
    process.print("new\n");
    tail_of(*rig.capture, rig.heard);
    CHECK(support::read(rig.folder / "agent.log.1") == "old\n");
    CHECK(support::read(rig.folder / "agent.log") == "new\n");
}

TEST_CASE("rotated files go when they are old", "[output][capture]") {
    FileRig rig({.keep = 5, .keep_for = 1s, .compress = false});
    support::write(rig.folder / "agent.log.1", "old\n");
    Process process(*rig.capture, 1);
    await([&] { return !std::filesystem::exists(rig.folder / "agent.log.1"); });
    CHECK(rig.heard.rotations == 0);
}

TEST_CASE("a file that an operator empties or removes is written on", "[output][capture]") {
    FileRig rig({});
    Process process(*rig.capture, 1);
    process.print("one\n");
    tail_of(*rig.capture, rig.heard);
    std::filesystem::resize_file(rig.folder / "agent.log", 0);
    process.print("two\n");
    tail_of(*rig.capture, rig.heard);
    CHECK(support::read(rig.folder / "agent.log") == "two\n");
    std::filesystem::remove(rig.folder / "agent.log");
    process.print("three\n");
    tail_of(*rig.capture, rig.heard);
    CHECK(support::read(rig.folder / "agent.log") == "three\n");
}

TEST_CASE("what cannot be written is counted, said where it is missing, and remembered for a while",
          "[output][capture]") {
    FileRig rig({});
    std::filesystem::create_directory(rig.folder / "agent.log");
    Process process(*rig.capture, 1);
    process.print("lost\n");
    CHECK(tail_of(*rig.capture, rig.heard) == "lost\n");
    CHECK(rig.heard.losses == 1);
    CHECK(rig.heard.reason.find("agent.log") != std::string::npos);
    std::filesystem::remove(rig.folder / "agent.log");
    const std::string of_others = "what is there already\n";
    support::write(rig.folder / "agent.log", of_others);
    await([&] { return rig.heard.missing > 0; });  // though nothing more is printed
    process.print("written\n");
    const std::string tail = printed_since(0, *rig.capture, rig.heard, 1000).text;
    std::string text = support::read(rig.folder / "agent.log");
    REQUIRE(text.starts_with(of_others));
    text.erase(0, of_others.size());
    CHECK(tail == "lost\n" + text);
    CHECK(text.starts_with("--- opampd: " + std::to_string(rig.heard.missing) + " bytes of output are lost here: "));
    CHECK(text.ends_with("written\n"));
    CHECK(rig.heard.losses == 1);
}

TEST_CASE("what a process did not end is a line of its own", "[output][capture]") {
    FileRig rig({});
    Process first(*rig.capture, 1);
    first.print("panic: x");
    first.end();
    await([&] { return rig.heard.last_ended == 1; });
    Process second(*rig.capture, 2);
    second.print("--- started\n");
    CHECK(tail_of(*rig.capture, rig.heard) == "--- started\n");
    CHECK(support::read(rig.folder / "agent.log") == "panic: x\n--- started\n");
}

TEST_CASE("lines go to a function, and the tail stays in memory", "[output][capture]") {
    Heard heard;
    heard.is_curious = true;
    std::vector<std::string> lines;
    std::optional<Capture> capture;
    capture.emplace(std::make_unique<LineSink>(heard, 10, [&](std::string_view text) { lines.emplace_back(text); }),
                    heard);
    Process process(*capture, 1);
    process.print("one\ntwo\nthree and");
    CHECK(tail_of(*capture, heard) == "\nthree and");
    CHECK(heard.lines == "one\ntwo\n");
    capture.reset();
    CHECK(lines == std::vector<std::string>{"one", "two", "three and"});
}

TEST_CASE("what was printed behind a place is told, wherever it went to", "[output][capture]") {
    FileRig rig({.max_size = 20, .keep = 1000, .compress = false});
    Heard heard;
    std::optional<Capture> memory;
    memory.emplace(std::make_unique<NoSink>(heard, 100), heard);
    struct Place {
        Capture& capture;
        Heard& heard;
    };
    const bool is_file = GENERATE(true, false);
    CAPTURE(is_file);
    const Place place = is_file ? Place{*rig.capture, rig.heard} : Place{*memory, heard};
    const auto since = [&](std::uint64_t from, std::size_t most = 100) {
        return printed_since(from, place.capture, place.heard, most);
    };
    Process before(place.capture, 1);
    before.print("another process's\n");
    before.end();
    Process process(place.capture, 2);
    const std::uint64_t begin = since(0).upto;
    CHECK(since(0).text.empty());
    process.print("one\n");
    const std::uint64_t middle = since(begin).upto;
    CHECK(middle == begin + 4);
    process.print("two and more\nthree\n");  // over a rotation, of files
    CHECK(since(begin).text == "one\ntwo and more\nthree\n");
    CHECK(since(middle).text == "two and more\nthree\n");
    CHECK(since(middle, 6).text == "three\n");
    CHECK(since(since(0, 0).upto).text.empty());
    CHECK(since(middle + 1'000'000).text.empty());
}

TEST_CASE("what was printed behind a place does not go back over a file that was emptied", "[output][capture]") {
    FileRig rig({});
    Process process(*rig.capture, 1);
    process.print("gone\n");
    const std::uint64_t place = printed_since(0, *rig.capture, rig.heard).upto;
    const bool is_removed = GENERATE(true, false);
    if (is_removed)
        std::filesystem::remove(rig.folder / "agent.log");
    else
        std::filesystem::resize_file(rig.folder / "agent.log", 0);
    process.print("new\n");
    CHECK(tail_of(*rig.capture, rig.heard) == "new\n");
    CHECK(printed_since(place, *rig.capture, rig.heard).text.size() <= 4);
}
