"""Write all cases anew: `python tests/vectors/generate [FOLDER]`. Nothing in it is random, and no clock is read."""

import sys
from pathlib import Path

import answer_topics
import attestation_topic
import consent_topics
import encodings_topic
import entry_topic
import evidence_topics
import group_topics
import language_topics
import leakage_topic
import log_topics
import statement_topics
import token_topics

from api.tables import fast_engine

TOPICS = (
    *(encodings_topic, group_topics, language_topics, log_topics, token_topics, consent_topics, leakage_topic),
    *(statement_topics, entry_topic, answer_topics, attestation_topic, evidence_topics),
)


def main(folder):
    fast_engine()
    for module in TOPICS:
        for topic in module.topics():
            topic.write(folder)
            sys.stdout.write(f"{topic.name}: {len(topic.cases)}\n")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "cases")
