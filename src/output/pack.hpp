// Output files in gzip's format: written and read piece by piece, in memory that does not depend on their size.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace output {

/// Writes what `from` has to the new file `to`, with its times and mode, durably. Blocks.
/// Errors: not_found, io, cancelled (`stop` has become true); `to` is gone then.
base::Result<void> pack(const std::filesystem::path& from, const std::filesystem::path& to,
                        const std::atomic<bool>& stop);

/// Makes the calling thread one that works when nothing else has to.
void step_aside();

/// Reads a packed file from its begin to its end.
class Unpacker {
public:
    explicit Unpacker(base::UniqueFd file);
    ~Unpacker();
    /// The next bytes; empty at the end, also at that of a file that is cut short or damaged.
    std::string read();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace output
