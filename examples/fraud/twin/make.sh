#!/usr/bin/env bash
# Makes tests/golden/fraud again, by Apache Kafka Streams 4.4.0. Needs a JDK 17 and Maven; the everyday tests do not.
set -euo pipefail
cd "$(dirname "$0")"
mvn -q -B package
java -cp "target/fraud-twin.jar:target/lib/*" fraud.FraudTwin ../data ../../../tests/golden/fraud
gzip -9nf ../../../tests/golden/fraud/category-counts.tsv
