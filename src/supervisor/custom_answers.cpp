#include "supervisor/custom_answers.hpp"

#include <algorithm>
#include <string>

#include "base/bytes.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::string_view kBase64 = "@base64:";

Result<opamp::CustomMessage> answer_in(std::string_view line, const opamp::CustomMessage& received) {
    opamp::CustomMessage answer{received.capability, received.type, std::string(line)};
    if (!line.starts_with('@')) return answer;
    const bool is_base64 = line.starts_with(kBase64);
    line.remove_prefix(is_base64 ? kBase64.size() : 1);
    const std::size_t blank = std::min(line.find(' '), line.size());
    if (blank > 0) answer.type = base::to_valid_utf8(line.substr(0, blank));
    line.remove_prefix(std::min(blank + 1, line.size()));
    if (!is_base64) {
        answer.data = line;
        return answer;
    }
    auto data = base::from_base64(line);
    if (!data) return Error(Kind::invalid, "what follows '@base64:TYPE ' is not base64");
    answer.data = *std::move(data);
    return answer;
}

}  // namespace

Result<std::vector<opamp::CustomMessage>> answers_in(std::string_view output, const opamp::CustomMessage& received) {
    std::vector<opamp::CustomMessage> answers;
    while (!output.empty()) {
        const std::size_t end = std::min(output.find('\n'), output.size());
        auto answer = answer_in(output.substr(0, end), received);
        if (!answer)
            return std::move(answer).error().within("line " + std::to_string(answers.size() + 1) + " of its output");
        answers.push_back(*std::move(answer));
        output.remove_prefix(std::min(end + 1, output.size()));
    }
    return answers;
}

}  // namespace supervisor
