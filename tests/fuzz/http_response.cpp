// What a server answers to a request, and a proxy to CONNECT: refused or taken, the same in whatever pieces it arrives,
// and never with more memory than the limits allow, however long it goes on.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "fuzz/fuzz.hpp"
#include "net/http_answer.hpp"
#include "net/proxy_answer.hpp"

namespace {

using base::Kind;
using base::Result;
using fuzz::must;

constexpr std::size_t kBodyLimit = 1000;
constexpr std::size_t kRead = 16 << 10;
constexpr std::size_t kEndless = 1 << 20;
constexpr std::size_t kMostMemory = 768 << 10;  // Thousands of the shortest headers, each with what keeps it.

/// The first byte: what is read (two bits), and how (`Bits`). The second one: how long the pieces are.
enum Bits : std::uint8_t { kIsHead = 4, kIsCut = 8, kGoesOn = 16 };

/// The bytes of a peer, as reads bring them; one that goes on repeats its last bytes.
class Peer {
public:
    Peer(std::string_view text, std::size_t piece, bool goes_on) : rest_(text), piece_(piece) {
        if (!goes_on || text.empty()) return;
        const std::string_view last = text.substr(text.size() - std::min(text.size(), piece));
        while (again_.size() < kRead) again_ += last;
        endless_ = kEndless;
    }

    /// Empty at the end.
    std::string_view read() {
        if (!rest_.empty()) {
            const auto bytes = rest_.substr(0, piece_);
            rest_.remove_prefix(bytes.size());
            return bytes;
        }
        if (endless_ == 0) return {};
        endless_ -= std::min(endless_, again_.size());
        return again_;
    }

private:
    std::string_view rest_;
    std::size_t piece_;
    std::string again_;
    std::size_t endless_ = 0;
};

/// How much more memory is in use than when this was made.
class Memory {
public:
    void must_be_bounded() const {
        must(__sanitizer_get_current_allocated_bytes() < before_ + kMostMemory, "memory is bounded");
    }

private:
    std::size_t before_ = __sanitizer_get_current_allocated_bytes();
};

/// As net::exchange_over reads it.
Result<net::Answered> answer_of(Peer& peer, const net::AnswerWanted& wanted) {
    const Memory memory;
    net::HttpAnswer answer(wanted);
    while (!answer.is_complete()) {
        const auto bytes = peer.read();
        auto taken = bytes.empty() ? answer.end() : answer.add(bytes);
        memory.must_be_bounded();
        if (!taken && answer.is_failure_status()) break;
        if (!taken) return std::move(taken).error();
    }
    return answer.take();
}

void check_wait(std::string_view value) {
    using namespace std::chrono;
    const auto wait = net::parse_retry_after(value, system_clock::time_point(hours(24 * 365 * 56)));
    must(!wait || (*wait >= nanoseconds(0) && *wait <= hours(24 * 3650)), "a wait is within its bounds");
}

void check(net::HttpResponse response) {
    must(response.status <= 999, "a status has three digits");
    must(response.body.size() <= kBodyLimit, "the limit holds for what was sent");
    check_wait(response.header("Retry-After"));
    const auto decoded = net::decode(response, kBodyLimit);
    must(response.body.size() <= kBodyLimit, "the limit holds for what is inflated");
    must(decoded || !decoded.error().text().empty(), "a refusal says why");
}

void read_answer(std::string_view text, std::uint8_t how, std::size_t piece) {
    const net::AnswerWanted wanted{(how & kIsHead) != 0, kBodyLimit, (how & kIsCut) != 0};
    Peer in_pieces(text, piece, (how & kGoesOn) != 0);
    const auto answered = answer_of(in_pieces, wanted);
    if (answered)
        check(answered->response);
    else
        must(!answered.error().text().empty(), "a refusal says why");
    if (how & kGoesOn) return;

    Peer at_once(text, kRead, false);
    const auto again = answer_of(at_once, wanted);
    must(static_cast<bool>(answered) == static_cast<bool>(again), "pieces do not matter to whether it is taken");
    if (!answered) return;
    must(answered->response.status == again->response.status, "pieces do not matter to the status");
    must(answered->response.headers == again->response.headers, "pieces do not matter to the headers");
    must(answered->response.body == again->response.body, "pieces do not matter to the body");
}

void read_tunnel(std::string_view text, std::uint8_t how, std::size_t piece) {
    Peer peer(text, piece, (how & kGoesOn) != 0);
    const Memory memory;
    net::ProxyAnswer answer;
    while (!answer.is_complete()) {
        const auto bytes = peer.read();
        if (bytes.empty()) return;
        if (!answer.add(bytes)) return;
        memory.must_be_bounded();
    }
    const auto verdict = answer.verdict();
    if (verdict) return;
    must(verdict.error().text().size() < 300, "a refusal is short");
    must(verdict.error().kind() == Kind::refused || verdict.error().kind() == Kind::invalid, "a refusal has its kind");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t piece = std::size_t{1} + data[1];
    switch (data[0] & 3) {
    case 2: read_tunnel(text, data[0], piece); break;
    case 3: check_wait(text); break;
    default: read_answer(text, data[0], piece); break;
    }
    return 0;
}
