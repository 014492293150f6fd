# SPDX-License-Identifier: Apache-2.0
mqtt_PACKAGES = libmosquitto openssl yaml-0.1
mqtt_SOURCES = $(addprefix $(ROOT)/mappers/json/,json.c convert.c encode.c) $(ROOT)/mappers/mqtt/topics.c
