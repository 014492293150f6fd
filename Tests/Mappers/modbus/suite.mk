# SPDX-License-Identifier: Apache-2.0
modbus_PACKAGES = libmodbus
modbus_SOURCES = $(addprefix $(ROOT)/mappers/modbus/,frame.c names.c rtu.c codec_read.c codec_write.c plan.c \
  point.c datatype.c settings.c)
