#include "run/plugins/statics.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ktb::run {
namespace {

/// Calls `each` with every library of the process.
template <class Each>
void each_library(Each each) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        (*static_cast<Each*>(data))(*info);
        return 0;
      },
      &each);
}

/// The names of all that a library defines and uses.
std::string_view names(const dl_phdr_info& info) {
  const char* table = nullptr;
  std::size_t size = 0;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto at = info.dlpi_addr + info.dlpi_phdr[i].p_vaddr;
    for (const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(at); entry->d_tag != DT_NULL;
         ++entry) {
      if (entry->d_tag == DT_STRTAB) table = reinterpret_cast<const char*>(entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRSZ) size = entry->d_un.d_val;
    }
  }
  return table == nullptr ? std::string_view() : std::string_view(table, size);
}

bool starts_threads(const dl_phdr_info& info) {
  const auto all = names(info);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"pthread_create", "thrd_create",
                                              "_ZNSt6thread15_M_start_thread", "_ZN2at6launch",
                                              "_ZN2at14intraop_launch"},
      [&](std::string_view name) { return all.find(name) != std::string_view::npos; });
}

/// Whatever lies there, unseen by AddressSanitizer, which forbids what lies between variables.
__attribute__((no_sanitize("address"))) std::string bytes(const volatile char* begin,
                                                          std::size_t size) {
  std::string copy(size, '\0');
  char* to = copy.data();
  for (std::size_t i = 0; i < size; ++i) to[i] = begin[i];
  return copy;
}

}  // namespace

Statics::Statics() {
  each_library([this](const dl_phdr_info& info) { before_.push_back(info.dlpi_addr); });
}

void Statics::keep() {
  each_library([this](const dl_phdr_info& info) {
    if (std::ranges::find(before_, info.dlpi_addr) != before_.end()) return;
    threads_ = threads_ || starts_threads(info);
    for (int i = 0; i < info.dlpi_phnum; ++i) {
      const auto& segment = info.dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
      const auto* begin = reinterpret_cast<const char*>(info.dlpi_addr + segment.p_vaddr);
      segments_.push_back({begin, bytes(begin, segment.p_memsz)});
    }
  });
}

bool Statics::changed() const {
  return std::ranges::any_of(segments_, [](const Segment& segment) {
    return bytes(segment.begin, segment.kept.size()) != segment.kept;
  });
}

}  // namespace ktb::run
