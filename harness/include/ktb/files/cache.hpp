#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// What a cache's content was made from, in hex: equal parts, equal key.
class KTB_API CacheKey {
 public:
  CacheKey& text(const std::string& part);
  CacheKey& bytes(const Bytes& part);
  /// Name, size and time of change: enough for files that are too many to be read.
  CacheKey& file(const std::string& path);
  std::string hex() const;

 private:
  Bytes parts_;  ///< digests
};

/// Where decoded data is kept: `ktbench-cache` beside `data_file`, unless that lies below /usr or
/// cannot be written to; else $XDG_CACHE_HOME/ktbench or ~/.cache/ktbench; empty: nowhere.
KTB_API std::string cache_folder(const std::string& data_file);

/// A tensor that takes long to make, from the file `folder`/`name`-KEY.bin, memory-mapped: reading
/// it is paging it in, and it counts little as memory of the process. Where the file is missing or
/// damaged, `fill` writes each element of a tensor of that shape, and the file appears by one
/// rename; a second process waits meanwhile.
/// Where nothing can be written, the tensor is in memory only.
KTB_API Tensor cached(const std::string& folder, const std::string& name, const std::string& key,
                      const std::vector<std::int64_t>& shape, at::ScalarType type,
                      const std::function<void(Tensor&)>& fill);

}  // namespace ktb
