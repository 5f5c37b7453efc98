#include "infer/activation_memory.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <unistd.h>

#include <cstddef>

#include "infer/arena.hpp"

namespace osler {
namespace {

/// Smaller ones are served well by malloc, which keeps them.
constexpr std::size_t kSmallestBytes = 64 * 1024;

thread_local int uses = 0;

/// As much as the machine has: address space only.
std::size_t physical_bytes() {
  return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Lives as long as the process: tensors may be freed at its very end.
Arena& arena() {
  static auto* const one = new Arena(physical_bytes());
  return *one;
}

c10::Allocator* usual = nullptr;

void free_place(void* place) {
  if (arena().owns(place)) {
    arena().free(place);
  } else {
    usual->raw_deallocate(place);
  }
}

class ArenaFirst final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const bool wanted = uses > 0 && bytes >= kSmallestBytes;
    void* place = wanted ? arena().allocate(bytes) : nullptr;
    if (place == nullptr) place = usual->raw_allocate(bytes);
    return {place, place, &free_place, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_place; }
  void copy_data(void* target, const void* source, std::size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }
};

bool put_before_the_usual_one() {
  usual = c10::GetCPUAllocator();
  if (usual->raw_deleter() == nullptr) return false;  // cannot be asked for plain memory
  constexpr std::uint8_t kAboveDefault = 1;
  c10::SetCPUAllocator(new ArenaFirst, kAboveDefault);  // which takes it
  return true;
}

}  // namespace

ActivationMemory::ActivationMemory() {
  static const bool once = put_before_the_usual_one();
  static_cast<void>(once);
  ++uses;
}

ActivationMemory::~ActivationMemory() {
  --uses;
}

void ActivationMemory::give_back() {
  arena().give_back();
}

}  // namespace osler
