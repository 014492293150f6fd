/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree of topic filters, against libmosquitto's own comparison of one filter with one topic.
 */
#include <mosquitto.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "process.h"
#include "topics.h"

/* A filter counts as wanted where it has watches; these tests need none of their content. */
static mqtt_watch *const some = (mqtt_watch *)(uintptr_t)1;

static mqtt_filter *want(topic_tree *tree, const char *text) {
  mqtt_filter *filter = topics_add(tree, text);
  if (filter) filter->watches = some;
  return filter;
}

static void count(mqtt_filter *filter, void *context) {
  (void)filter;
  ++*(int *)context;
}

static int matches(const topic_tree *tree, const char *topic) {
  int found = 0;
  topics_match(tree, topic, count, &found);
  return found;
}

TEST(filters_match_as_the_standard_says) {
  static const struct {
    const char *filter, *topic;
    bool matches;
  } cases[] = {
      {"a/b", "a/b", true},
      {"a/b", "a", false},
      {"a/b", "a/b/c", false},
      {"a/+", "a/b", true},
      {"a/+", "a/", true},
      {"a/+", "a", false},
      {"a/+", "a/b/c", false},
      {"+", "a", true},
      {"+", "/a", false},
      {"+/+", "/a", true},
      {"/+", "/a", true},
      {"#", "a/b/c", true},
      {"#", "$SYS/uptime", false},
      {"+/uptime", "$SYS/uptime", false},
      {"$SYS/#", "$SYS/uptime", true},
      {"$SYS/+", "$SYS/uptime", true},
      {"a/#", "a", true},
      {"a/#", "a/b/c", true},
      {"a/#", "ab", false},
      {"a/+/#", "a/b", true},
      {"a/+/#", "a", false},
      {"a//b", "a//b", true},
      {"a/+/b", "a//b", true},
      {"a/", "a/", true},
      {"a/", "a", false},
      {"A/b", "a/b", false},
      {"+/b/#", "a/b", true},
      {"a/$x", "a/$x", true},
      {"a/+", "a/$x", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    topic_tree tree = {.capacity = 0};
    CHECK(want(&tree, cases[i].filter) != NULL);
    bool agreed = false;
    mosquitto_topic_matches_sub(cases[i].filter, cases[i].topic, &agreed);
    CHECK_INT(agreed, cases[i].matches);
    if (!CHECK_INT(matches(&tree, cases[i].topic), cases[i].matches))
      printf("  %s and %s\n", cases[i].filter, cases[i].topic);
    topics_free(&tree);
  }
}

/* Words of few letters, so that many match. */
static void make_topic(char *text, bool is_filter) {
  static const char *const levels[] = {"a", "b", "ab", "", "$a", "+", "#"};
  int depth = 1 + rand() % 4;
  text[0] = 0;
  for (int i = 0; i < depth; i++) {
    int kinds = !is_filter ? 5 : i == depth - 1 ? 7 : 6;
    sprintf(text + strlen(text), "%s%s", i ? "/" : "", levels[rand() % kinds]);
  }
  if (!text[0]) strcpy(text, "a");
}

TEST(many_filters_match_as_each_alone) {
  enum { FILTERS = 200, TOPICS = 2000 };
  static char filters[FILTERS][32];
  topic_tree tree = {.capacity = 0};
  srand(7);
  for (int i = 0; i < FILTERS; i++) {
    make_topic(filters[i], true);
    REQUIRE(want(&tree, filters[i]) != NULL);
    char *text = topics_text(topics_add(&tree, filters[i]));
    CHECK_TEXT(text, filters[i]);
    free(text);
  }
  for (int i = 0; i < TOPICS; i++) {
    char topic[32];
    int expected = 0;
    make_topic(topic, false);
    for (int j = 0; j < FILTERS; j++) {
      bool is_match = false, is_known = false;
      for (int k = 0; k < j && !is_known; k++) is_known = strcmp(filters[k], filters[j]) == 0;
      mosquitto_topic_matches_sub(filters[j], topic, &is_match);
      expected += is_match && !is_known;
    }
    if (!CHECK_INT(matches(&tree, topic), expected)) printf("  %s\n", topic);
  }
  topics_free(&tree);
}

TEST(what_nobody_needs_is_freed) {
  topic_tree tree = {.capacity = 0};
  mqtt_filter *deep = want(&tree, "a/b/c/+/#"), *middle = want(&tree, "a/b");
  CHECK_INT(tree.count, 5);
  deep->watches = NULL;
  topics_prune(&tree, deep);
  CHECK_INT(tree.count, 2);
  CHECK_INT(matches(&tree, "a/b/c/d"), 0);
  CHECK_INT(matches(&tree, "a/b"), 1);
  middle->watches = NULL;
  middle->asked = 1; /* an answer is still to come */
  topics_prune(&tree, middle);
  CHECK_INT(tree.count, 2);
  middle->asked = 0;
  topics_prune(&tree, middle);
  CHECK_INT(tree.count, 0);
  topics_free(&tree);
}

TEST(a_filter_has_a_limit_of_levels) {
  char text[2 * TOPIC_LEVELS_MAX + 2];
  topic_tree tree = {.capacity = 0};
  for (int i = 0; i < TOPIC_LEVELS_MAX; i++) memcpy(text + 2 * i, "+/", 2);
  text[2 * TOPIC_LEVELS_MAX - 1] = 0;
  CHECK(want(&tree, text) != NULL);
  strcat(text, "/+");
  CHECK(want(&tree, text) == NULL);
  topics_free(&tree);
}

/* What a message costs must not grow with the filters: a thousand devices with thirty topics each,
 * half of them with wildcards, take no more than thirty times as long as ten. */
static double cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

TEST(a_message_costs_the_same_with_many_filters) {
  double spent[2];
  for (int size = 0; size < 2; size++) {
    topic_tree tree = {.capacity = 0};
    int devices = size == 0 ? 10 : 1000, found = 0;
    char text[64];
    for (int i = 0; i < devices * 30; i++) {
      bool is_wild = i % 2;
      snprintf(text, sizeof text, is_wild ? "site/dev%d/+/v%d" : "site/dev%d/s/v%d", i / 30,
               i % 30);
      REQUIRE(want(&tree, text) != NULL);
    }
    double start = cpu_ms(); /* other programs do not count */
    for (int i = 0; i < 200000; i++) {
      snprintf(text, sizeof text, "site/dev%d/s/v%d", i * 7 % devices, i % 30);
      found += matches(&tree, text);
    }
    spent[size] = cpu_ms() - start;
    CHECK_INT(found, 200000);
    topics_free(&tree);
  }
  printf("  300 filters: %.0f ns a message, 30000 filters: %.0f ns\n", spent[0] * 5, spent[1] * 5);
  CHECK(spent[1] < 30 * spent[0] + 100);
}
