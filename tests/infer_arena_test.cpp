#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "infer/arena.hpp"

namespace osler {
namespace {

const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

TEST(Arena, GivesTheLowestPlaceThatIsLargeEnough) {
  Arena arena(8 * kPage);
  auto* a = static_cast<std::byte*>(arena.allocate(2 * kPage));
  auto* b = static_cast<std::byte*>(arena.allocate(1));  // a page
  auto* c = static_cast<std::byte*>(arena.allocate(3 * kPage));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(b, a + 2 * kPage);
  EXPECT_EQ(c, a + 3 * kPage);
  arena.free(a);
  EXPECT_EQ(arena.allocate(2 * kPage + 1), nullptr);  // two pages before, two behind
  EXPECT_EQ(arena.allocate(kPage), a);
  EXPECT_EQ(arena.allocate(2 * kPage), a + 6 * kPage);
}

TEST(Arena, WhatIsFreeBecomesWholeInAnyOrder) {
  Arena arena(6 * kPage);
  const std::vector<std::vector<int>> orders{{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                             {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const auto& order : orders) {
    void* places[3];
    for (void*& place : places) {
      place = arena.allocate(2 * kPage);
      ASSERT_NE(place, nullptr);
    }
    EXPECT_EQ(arena.allocate(1), nullptr);
    for (const int i : order) arena.free(places[i]);
    void* all = arena.allocate(6 * kPage);
    ASSERT_NE(all, nullptr);
    arena.free(all);
  }
}

TEST(Arena, KnowsItsOwn) {
  Arena arena(2 * kPage);
  auto* place = static_cast<std::byte*>(arena.allocate(2 * kPage));
  const int other = 0;
  EXPECT_TRUE(arena.owns(place));
  EXPECT_TRUE(arena.owns(place + 2 * kPage - 1));
  EXPECT_FALSE(arena.owns(place + 2 * kPage));
  EXPECT_FALSE(arena.owns(&other));
  EXPECT_FALSE(arena.owns(nullptr));
  arena.free(place);
}

TEST(Arena, KeepsWhatIsUsedWhenItGivesBack) {
  Arena arena(4 * kPage);
  void* kept = arena.allocate(kPage);
  void* freed = arena.allocate(3 * kPage);
  std::memset(kept, 7, kPage);
  std::memset(freed, 7, 3 * kPage);
  arena.free(freed);
  arena.give_back();
  EXPECT_EQ(static_cast<unsigned char*>(kept)[kPage - 1], 7);
  auto* again = static_cast<unsigned char*>(arena.allocate(3 * kPage));
  EXPECT_EQ(again[0], 0);  // a page that the system has given anew
  EXPECT_EQ(again[3 * kPage - 1], 0);
  arena.free(again);
  arena.free(kept);
}

TEST(Arena, WithoutAReservationGivesNothing) {
  Arena none(0);
  Arena refused(std::numeric_limits<std::size_t>::max() / 2);
  for (Arena* arena : {&none, &refused}) {
    EXPECT_EQ(arena->allocate(1), nullptr);
    EXPECT_FALSE(arena->owns(arena));
    EXPECT_FALSE(arena->owns(nullptr));
    arena->give_back();
  }
}

TEST(Arena, ThreadsDoNotGetEachOthersPlaces) {
  Arena arena(64 * kPage);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const std::size_t bytes = kPage * (1 + (t + static_cast<std::size_t>(i)) % 5);
        auto* place = static_cast<unsigned char*>(arena.allocate(bytes));
        if (place == nullptr) continue;
        std::memset(place, static_cast<int>(t), bytes);
        for (std::size_t at = 0; at < bytes; at += kPage / 2) wrong[t] += place[at] != t;
        arena.free(place);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
  void* all = arena.allocate(64 * kPage);
  ASSERT_NE(all, nullptr);
  arena.free(all);
}

}  // namespace
}  // namespace osler
