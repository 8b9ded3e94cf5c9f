#!/bin/sh
# Closed workflows stay visible for a week, longer than Klaviyo redelivers (24 h) and merchants are called (76 h).
set -eu
until temporal operator cluster health; do sleep 2; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h
