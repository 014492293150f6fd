# SPDX-License-Identifier: Apache-2.0
mqtt_PACKAGES = libmosquitto
mqtt_SOURCES = $(addprefix $(ROOT)/mappers/mqtt/,json.c convert.c encode.c)
