// SPDX-License-Identifier: MIT
#include "bluetooth/file_secret_store.hpp"

#include <cerrno>

#include "base/log.hpp"
#include "bluetooth/secret_text.hpp"

namespace bluetooth {
namespace {

constexpr std::string_view component = "bonds";

}  // namespace

std::optional<Bytes> FileSecretStore::find(SecretType type, Bytes key) const {
    if (const auto stored = table_.find(type, key)) return stored;
    return waiting_.find(type, key);
}

std::optional<Bytes> FileSecretStore::get(SecretType type, std::size_t index,
                                          std::optional<Bytes> key) {
    refresh();
    if (key) return find(type, *key);
    const std::size_t stored = table_.count(type);
    return index < stored ? table_.at(type, index) : waiting_.at(type, index - stored);
}

bool FileSecretStore::set(SecretType type, Bytes key, std::optional<Bytes> value) {
    refresh();
    const auto old = find(type, key);
    if (!refusal_.empty()) return fail({make_error(errc::not_permitted), refusal_});
    if (!value && !old) return false;
    if (value && old && crypto::equal(*value, *old)) return true;
    if (type == SecretType::identity && state_->error == ENOENT)
        return value ? waiting_.put(type, key, *value) : waiting_.erase(type, key);
    return write(type, key, value);
}

const SecretTable& FileSecretStore::table() {
    refresh();
    return table_;
}

const std::string& FileSecretStore::refusal() {
    refresh();
    return refusal_;
}

void FileSecretStore::refresh() {
    if (!state_ || *state_ != file_state(path_)) load(Telling::always);
}

void FileSecretStore::load(Telling telling) {
    const std::optional<FileState> before = state_;
    state_ = file_state(path_);
    const bool tell = telling == Telling::always || state_ != before;
    // Should somebody have removed the file, we are still who we are.
    if (state_->error == ENOENT)
        for (const SecretRecord& record : table_.records())
            if (record.type == SecretType::identity)
                waiting_.put(record.type, record.key, record.value.octets());
    table_ = {};
    refusal_.clear();
    if (state_->error == ENOENT) return;

    const auto file = read_private_file(path_, max_secret_text_size);
    if (!file) {
        refusal_ = file.error().message;
        if (tell) log::error(component, refusal_, "; bonds are neither read nor stored");
        return;
    }
    state_ = file->state;
    if ((file->mode & 077) != 0 && tell)
        log::warn(component, path_.string(),
                  ": others than its owner may read it, which ends with "
                  "the next bond or with `chmod 600`");
    ParsedSecrets parsed = parse_secrets(file->octets.octets());
    table_ = std::move(parsed.table);
    for (const SecretRecord& record : table_.records()) waiting_.erase(record.type, record.key);
    if (tell)
        for (const std::string& message : parsed.damage)
            log::warn(component, path_.string(), ": ", message, "; left out");
    if (parsed.refusal.empty()) return;
    table_ = {};
    refusal_ = path_.string() + ": " + parsed.refusal;
    if (tell) log::error(component, refusal_, "; bonds are neither read nor stored");
}

bool FileSecretStore::fail(const transport::Failure& failure) const {
    log::error(component, failure.message, "; nothing was stored");
    return false;
}

bool FileSecretStore::write(SecretType type, Bytes key, std::optional<Bytes> value) {
    if (path_.empty())
        return fail(
            transport::invalid_name("there is no folder for bonds: set the environment "
                                    "variable XDG_STATE_HOME or HOME"));
    if (const auto failure = make_private_folders(path_)) return fail(*failure);
    const auto lock = FileLock::take(path_);
    if (!lock) return fail(lock.error());
    load(Telling::news);  // what others have stored up to now
    if (!refusal_.empty()) return fail({make_error(errc::not_permitted), refusal_});

    SecretTable changed = table_;
    bool fits = true;
    for (const SecretRecord& record : waiting_.records())
        fits = fits && changed.put(record.type, record.key, record.value.octets());
    if (!value) {
        if (!changed.erase(type, key)) return false;
    } else {
        fits = fits && changed.put(type, key, *value);
    }
    const SecretOctets text = format_secrets(changed);
    if (!fits || text.octets().size() > max_secret_text_size)
        return fail({make_error(errc::too_big), path_.string() + ": there is no room for " +
                                                    secret_name(type, key) +
                                                    "; remove bonds by `asioble bonds remove`"});
    if (const auto failure = write_private_file(path_, text.octets())) return fail(*failure);
    table_ = std::move(changed);
    waiting_ = {};
    state_ = file_state(path_);
    return true;
}

}  // namespace bluetooth
