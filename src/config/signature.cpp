#include "config/signature.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "config/signature_lines.hpp"

namespace config {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::string_view kVersion = "opampd-signature-1\n";

struct HeaderLine {
    std::string_view name;
    std::optional<std::uint64_t> SignedHeader::*field;
};
constexpr HeaderLine kHeaderLines[] = {
    {"serial", &SignedHeader::serial},
    {"not-before", &SignedHeader::not_before},
    {"not-after", &SignedHeader::not_after},
};

struct Signature {
    std::string key_id, bytes;
};

/// The signature's entry, read.
struct Parsed {
    SignedHeader header;
    std::vector<Signature> signatures;
};

/// Decimal, as it is written in one way only.
std::optional<std::uint64_t> number_in(std::string_view text) {
    const auto number = base::parse_number<std::uint64_t>(text);
    return number && std::to_string(*number) == text ? number : std::nullopt;
}

std::string header_text(const SignedHeader& header) {
    std::string text;
    for (const auto& [name, field] : kHeaderLines)
        if (const auto& number = header.*field) text.append(name).append(" " + std::to_string(*number) + "\n");
    return text;
}

/// False: it is neither a header line nor a signature.
bool read_line(std::string_view line, Parsed& parsed) {
    const std::string_view word = take_word(line);
    if (word == "ed25519") {
        const std::string_view id = take_word(line);
        const auto id_bytes = base::from_hex(id);
        const auto bytes = base::from_base64(line);
        const bool is_id = id_bytes && id_bytes->size() == 8 && base::to_hex(*id_bytes) == id;
        if (!is_id || !bytes || bytes->size() != 64) return false;
        parsed.signatures.push_back({std::string(id), *bytes});
        return true;
    }
    for (const auto& [name, field] : kHeaderLines) {
        if (word != name) continue;
        const bool is_second = (parsed.header.*field).has_value();
        parsed.header.*field = number_in(line);
        return !is_second && (parsed.header.*field).has_value();
    }
    return false;
}

Result<Parsed> parse_body(std::string_view body) {
    if (body.size() > kMostSignatureBytes)
        return Error(Kind::too_large, "the signature has " + std::to_string(body.size()) + " bytes, and " +
                                          std::to_string(kMostSignatureBytes) + " is the most there may be");
    Parsed parsed;
    for (std::size_t number = 1; !body.empty(); ++number) {
        if (number > kMostSignatureLines)
            return Error(Kind::too_large,
                         "the signature has more than " + std::to_string(kMostSignatureLines) + " lines");
        if (!read_line(take_line(body), parsed))
            return Error(Kind::invalid, "the signature's line " + std::to_string(number) + " is malformed");
    }
    return parsed;
}

/// Whose signature holds; first by what the lines say of their keys.
Result<std::string> signer(const Parsed& parsed, const opamp::ConfigMap& files, const std::vector<PublicKey>& keys) {
    if (parsed.signatures.empty())
        return Error(Kind::invalid, "the config has no signature").hint("its entry has no line of one");
    const std::string message = canonical_form(files, parsed.header);
    bool is_known = false;
    for (const Signature& signature : parsed.signatures) {
        for (const PublicKey& key : keys) {
            if (key.id() != signature.key_id) continue;
            is_known = true;
            if (is_signature(signature.bytes, message, key)) return key.id();
        }
    }
    const std::string& named = parsed.signatures.front().key_id;
    if (!is_known)
        return Error(Kind::invalid, "the config is signed by key " + named + ", which is not a trusted one")
            .hint("sign it with a trusted key, or add this one to the trusted keys");
    return Error(Kind::invalid, "the config's signature is wrong")
        .hint("it was made over other entries, or the config was changed since");
}

Result<void> check_header(const SignedHeader& header, const Trust& trust) {
    if (trust.now && header.not_before && *trust.now < *header.not_before)
        return Error(Kind::invalid, "the config's signature is not valid before " + std::to_string(*header.not_before) +
                                        ", and it is " + std::to_string(*trust.now))
            .hint("is this host's clock right?");
    if (trust.now && header.not_after && *trust.now > *header.not_after)
        return Error(Kind::invalid, "the config's signature expired at " + std::to_string(*header.not_after) +
                                        ", and it is " + std::to_string(*trust.now))
            .hint("sign it anew");
    if (!trust.last_serial) return {};
    if (!header.serial)
        return Error(Kind::invalid,
                     "the config's signature has no serial, and the last one had " + std::to_string(*trust.last_serial))
            .hint("sign it with a serial");
    if (*header.serial < *trust.last_serial)
        return Error(Kind::invalid, "the config's serial " + std::to_string(*header.serial) +
                                        " is older than the last one, " + std::to_string(*trust.last_serial))
            .hint("sign it with a higher serial");
    return {};
}

}  // namespace

std::string canonical_form(const opamp::ConfigMap& files, const SignedHeader& header) {
    std::string form(kVersion);
    const auto add = [&](std::string_view bytes) {
        form.append(std::to_string(bytes.size())).append(":").append(bytes).append("\n");
    };
    add(header_text(header));
    for (const auto& [name, file] : files) {
        if (name == kSignatureEntry) continue;
        add(name);
        add(file.content_type);
        add(file.body);
    }
    return form;
}

std::string sign(const opamp::ConfigMap& files, const std::vector<const SecretKey*>& keys, const SignedHeader& header) {
    const std::string message = canonical_form(files, header);
    std::string body = header_text(header);
    for (const SecretKey* key : keys)
        body += "ed25519 " + key->public_key("").id() + " " + base::to_base64(key->sign(message)) + "\n";
    return body;
}

Result<Verified> verify(opamp::ConfigMap files, const Trust& trust) {
    const auto entry = files.find(std::string(kSignatureEntry));
    if (entry == files.end())
        return Error(Kind::invalid, "the config has no signature")
            .hint("sign it, with the signature as entry opampd.signature");
    if (entry->second.content_type != kSignatureContentType)
        return Error(Kind::invalid,
                     "entry opampd.signature has another content type than application/vnd.opampd.signature");
    const auto parsed = parse_body(entry->second.body);
    if (!parsed) return parsed.error();
    auto key_id = signer(*parsed, files, trust.keys);
    if (!key_id) return std::move(key_id).error();
    if (auto fine = check_header(parsed->header, trust); !fine) return std::move(fine).error();
    files.erase(entry);
    return Verified{std::move(files), parsed->header, *std::move(key_id)};
}

opamp::ConfigMap without_signature(opamp::ConfigMap files) {
    files.erase(std::string(kSignatureEntry));
    return files;
}

}  // namespace config
