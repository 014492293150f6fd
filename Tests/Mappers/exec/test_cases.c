/* SPDX-License-Identifier: Apache-2.0 */
#include "cases/cases.h"

static void run_case(const char *name, void *host) {
  static const case_suite suite = {
      .driver = "exec", .open_ms = 20000, .call_ms = 20000, .step = case_plain_step};
  case_run_folder(&suite, host, MAPPER_FOLDER, name, NULL);
}

TEST(each_case_folder_does_what_it_says) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  CHECK(each_case(MAPPER_FOLDER, run_case, host) >= 3);
  fake_host_unload(host);
}
