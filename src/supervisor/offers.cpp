#include "supervisor/offers.hpp"

#include <utility>

namespace supervisor {

using lifecycle::OfferId;

OfferId Offers::resume(std::string hash) {
    hashes_[++newest_] = std::move(hash);
    return newest_;
}

OfferId Offers::add(opamp::RemoteConfig offer, const lifecycle::State& state) {
    // Here at once, for they may be large.
    std::erase_if(contents_,
                  [&](const auto& entry) { return entry.first != state.staging && entry.first != state.waiting; });
    hashes_[++newest_] = offer.hash;
    contents_[newest_] = std::move(offer);
    return newest_;
}

opamp::RemoteConfig Offers::take(OfferId id) {
    return std::move(contents_.extract(id).mapped());
}

void Offers::forget_settled(const lifecycle::State& state) {
    const auto is_settled = [&](const auto& entry) {
        const OfferId id = entry.first;
        return id != state.offer && id != state.staging && id != state.waiting && id != newest_;
    };
    std::erase_if(contents_, is_settled);
    std::erase_if(hashes_, is_settled);
}

}  // namespace supervisor
