#include "ctl/logs.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>

#include "base/bytes.hpp"
#include "ctl/run.hpp"
#include "ctl/text.hpp"

namespace ctl {

Logs::Logs(bool as_json) : as_json_(as_json), is_terminal_(::isatty(STDOUT_FILENO) != 0) {}

void Logs::add(std::string_view bytes) {
    if (!as_json_) return write(bytes);
    unfinished_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = unfinished_.find('\n', begin)) != std::string::npos; begin = end + 1)
        write_document(std::string_view(unfinished_).substr(begin, end - begin));
    unfinished_.erase(0, begin);
}

void Logs::finish() {
    if (!unfinished_.empty()) write_document(unfinished_);
    unfinished_.clear();
}

void Logs::write_document(std::string_view line) const {
    const boost::json::object document{{"agent", agent_}, {"line", base::to_valid_utf8(std::string(line))}};
    write(boost::json::serialize(document) + "\n");
}

/// Ends the program when nobody wants to hear it any more.
void Logs::write(std::string_view text) const {
    const std::string shown = is_terminal_ ? for_terminal(std::string(text)) : std::string(text);
    for (std::string_view rest = shown; !rest.empty();) {
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) std::exit(kFailed);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace ctl
