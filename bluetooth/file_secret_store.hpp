// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bluetooth/private_file.hpp"
#include "bluetooth/secret_table.hpp"

namespace bluetooth {

/// Keeps secrets in a file that only its owner may read; bonds outlive the program.
///
/// The file is read when first needed, read again when another program has changed it, and written
/// by each `set` that changes something. Several programs may share it: none loses what another has
/// stored. What cannot be read or written is told in the log, with a remedy.
///
/// Our own identity alone makes no file: it is stored together with the first bond, so that
/// programs that never bond leave nothing behind.
class FileSecretStore final : public SecretStore {
public:
    /// Nothing is read or made yet. With an empty path (see `bonds_path`) nothing can be stored.
    explicit FileSecretStore(std::filesystem::path path) : path_(std::move(path)) {}

    std::optional<Bytes> get(SecretType type, std::size_t index, std::optional<Bytes> key) override;
    bool set(SecretType type, Bytes key, std::optional<Bytes> value) override;

    const std::filesystem::path& path() const { return path_; }
    /// All that is in the file, for programs that show it.
    const SecretTable& table();
    /// Not empty: why the file is neither used nor overwritten, and what to do.
    const std::string& refusal();

private:
    enum class Telling { news, always };

    std::optional<Bytes> find(SecretType type, Bytes key) const;
    void refresh();
    void load(Telling telling);
    bool write(SecretType type, Bytes key, std::optional<Bytes> value);
    bool fail(const transport::Failure& failure) const;

    std::filesystem::path path_;
    std::optional<FileState> state_;  // of what `table_` holds; nothing before the first use
    SecretTable table_;               // as in the file
    SecretTable waiting_;             // our identity, before there is a file
    std::string refusal_;
};

}  // namespace bluetooth
