#include "opamp/custom_messages.hpp"

#include <algorithm>
#include <utility>

namespace opamp {
namespace {

std::size_t size_of(const CustomMessage& message) {
    return message.capability.size() + message.type.size() + message.data.size();
}

}  // namespace

void CustomMessages::set_ours(const std::vector<std::string>& capabilities) {
    ours_ = {capabilities.begin(), capabilities.end()};
    drop_what_may_not_wait();
}

void CustomMessages::set_servers(std::set<std::string, std::less<>> capabilities) {
    servers_ = std::move(capabilities);
    drop_what_may_not_wait();
}

bool CustomMessages::may_wait(std::string_view capability) const {
    return is_ours(capability) && (!servers_ || servers_->find(capability) != servers_->end());
}

void CustomMessages::drop_what_may_not_wait() {
    const auto dropped = std::remove_if(waiting_.begin(), waiting_.end(),
                                        [&](const CustomMessage& message) { return !may_wait(message.capability); });
    waiting_.erase(dropped, waiting_.end());
    waiting_bytes_ = 0;
    for (const CustomMessage& message : waiting_) waiting_bytes_ += size_of(message);
}

bool CustomMessages::push(CustomMessage message) {
    const std::size_t size = size_of(message);
    const bool has_room = waiting_.size() < kMostMessages && size <= kMostBytes && waiting_bytes_ <= kMostBytes - size;
    if (!servers_ || !may_wait(message.capability) || !has_room) return false;
    waiting_bytes_ += size;
    waiting_.push_back(std::move(message));
    return true;
}

CustomMessage CustomMessages::pop() {
    CustomMessage message = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= size_of(message);
    return message;
}

void CustomMessages::put_back(CustomMessage message) {
    if (!may_wait(message.capability)) return;
    waiting_bytes_ += size_of(message);
    waiting_.push_front(std::move(message));
}

}  // namespace opamp
