# SPDX-License-Identifier: Apache-2.0
exec_SOURCES = $(addprefix $(ROOT)/mappers/exec/,lines.c message.c words.c) \
  $(addprefix $(ROOT)/mappers/json/,json.c convert.c encode.c)
exec_CFLAGS = -DTEST_FOLDER='"$(abspath exec)"'
