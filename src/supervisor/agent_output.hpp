// What an agent's processes print, one after the other: where it goes, and what is known of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "output/capture.hpp"
#include "output/files.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"

namespace supervisor {

/// Taken out of a pipe by a thread of its own, and brought where the settings say; or the agent has the descriptor.
///
/// Ends    `close` takes what has been printed. Without it the destructor does, and blocks.
class AgentOutput final : private output::Listener {
public:
    /// What stands in front of the first line of each process, before and behind its PID.
    static constexpr std::string_view kStartLineHead = "--- opampd: agent started, pid ";

    /// All outlive the object.
    struct Partners {
        async::asio::any_io_executor executor;
        async::BlockingPool& packer;  ///< For what may take long and is in no hurry.
        process::Guard* guard;        ///< None if it could not be started.
        const settings::Agent& agent;
        const base::log::Scope& log;
    };
    AgentOutput(const Partners& partners, const std::filesystem::path& folder);
    ~AgentOutput() override;

    /// Before the first process: finds what is there. Returns a sentence about what was set aside, if anything.
    std::optional<std::string> open();

    /// What another process is to print to. Once it is started, or is not, comes `take_up`. Errors: io.
    base::Result<base::UniqueFd> descriptor();
    /// What the process prints is its own from here on.
    void take_up();
    /// For the environment of a process that has the journal's descriptor; else empty.
    const std::string& journal_stream() const { return journal_stream_; }
    /// There is no process any more of whose output one could speak.
    void forget() { has_process_ = false; }

    /// What the process has printed last, at most ten lines; empty if nothing, or if it cannot be known.
    async::Task<std::string> last_words();
    /// What the process has printed behind `from`, of that the last `most` bytes, where so many are kept: a file that
    /// was rotated meanwhile and what is not in files are kept as `agent.output.tail` says.
    /// Errors: io, timeout (the disk does not answer), not_found (it goes past us), cancelled.
    async::Task<base::Result<output::Printed>> printed_since(std::uint64_t from, std::size_t most);
    /// As many bytes as a report is made from; empty if they cannot be known.
    async::Task<std::string> tail();
    /// Packs what was rotated, until cancelled.
    async::Task<> pack();
    async::Task<> close();

    /// Where there are files; else nullptr.
    const output::Files* files() const { return files_ ? &*files_ : nullptr; }
    /// Whether it goes past us.
    bool is_unseen() const { return agent().output.direct && !files_; }
    /// For people: where to look.
    std::string where() const;

    /// Where its files may be read: it holds up nobody but this agent, if their disk hangs.
    async::BlockingPool& reader() { return reader_; }

    // ---- Lines, of output that goes through our memory.

    void want_lines(bool are_wanted) { wants_lines_ = are_wanted; }
    async::Notice& lines_came() { return lines_came_; }
    /// Those that have come since, each with its end. What came too fast is missing, and said.
    std::string take_lines();

private:
    void rotated() override;
    void losing(std::string why) override;
    void lost(std::uint64_t bytes) override;
    void failed(std::string why) override;
    bool wants_lines() const override { return wants_lines_; }
    void printed(std::string lines) override;
    void answer(std::uint64_t question, output::Printed printed) override;
    void ended(std::uint64_t pipe) override;

    const settings::Agent& agent() const { return partners_.agent; }
    std::unique_ptr<output::Sink> make_sink();
    base::Result<base::UniqueFd> direct_descriptor();
    base::Result<base::UniqueFd> direct_file();
    template <typename Work>
    void on_loop(Work work);

    const Partners partners_;
    const std::filesystem::path folder_;  ///< The agent's.
    async::BlockingPool reader_;
    std::optional<output::Files> files_;
    bool has_process_ = false;
    std::uint64_t begin_ = 0;  ///< Of the present process's part, in a file that it has itself.
    std::string journal_stream_;
    base::UniqueFd read_end_;  ///< Between `descriptor` and `take_up`.

    async::Notice rotated_;
    std::atomic<bool> stops_packing_{false};
    bool cannot_pack_ = false;  ///< Which has been said.
    async::Notice answered_;
    std::uint64_t asked_ = 0;
    std::map<std::uint64_t, std::optional<output::Printed>> answers_;  ///< To questions that are waited for.

    async::Notice lines_came_;
    std::atomic<bool> wants_lines_{false};
    std::atomic<std::size_t> waiting_{0};  ///< Bytes of lines that nobody has taken yet.
    std::atomic<std::uint64_t> dropped_{0};
    std::string lines_;

    std::unique_ptr<output::Capture> capture_;  ///< Last: its thread uses the others.
};

}  // namespace supervisor
