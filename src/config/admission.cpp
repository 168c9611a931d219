#include "config/admission.hpp"

#include <utility>

#include "config/signature.hpp"

namespace config {

base::Result<Admitted> admit(const opamp::ConfigMap& files, const Admission& rules, Format format,
                             const Moment& moment) {
    Admitted admitted;
    if (rules.require_signature) {
        auto verified = verify(files, {rules.keys, moment.now, moment.last_serial});
        if (!verified) return std::move(verified).error().within("signature");
        admitted = {std::move(verified->files), verified->header.serial};
    } else if (files.contains(std::string(kSignatureEntry))) {
        admitted.files = without_signature(files);
    }
    if (auto fine = check(rules.policy, admitted.files ? *admitted.files : files, format); !fine)
        return std::move(fine).error().within("policy");
    return admitted;
}

}  // namespace config
