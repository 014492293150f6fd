# SPDX-License-Identifier: Apache-2.0
virtual_PACKAGES = yaml-0.1
virtual_SOURCES = mqtt/devicefile.c
virtual_CFLAGS = -Imqtt
