"""The group, the transcript, circuits and bare proofs; the last from bpp.json, which two implementations agree on."""

import json
from pathlib import Path

from topics import Topic

from circuits.group import N, P

KNOWN = json.loads((Path(__file__).parents[1] / "bpp.json").read_bytes())
G = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
NEGATIVE_BASE = {"range": "range-1x64-fast-k-1", "predicate": "ge64-single"}


def slug(name):
    spelt = name.lower().replace("+", " plus ").replace("- ", " minus ").replace("-1", "minus 1").replace("<->", " ")
    return "-".join("".join(letter if letter.isalnum() else " " for letter in spelt).split())


def group_topic():
    topic = Topic("group", "Points of secp256k1 as 33 bytes, the generators, Pedersen commitments V = vG + sH_0.")
    topic.accept("point-g", "point.decode", {"bytes": G}, "the curve's generator")
    topic.accept("point-minus-g", "point.decode", {"bytes": "03" + G[2:]}, "its negative")
    for name, encoded, why in (
        ("infinity", "00" * 33, "infinity has no form of 33 bytes"),
        ("prefix-00", "00" + G[2:], "the prefix is 02 or 03"),
        ("prefix-04", "04" + G[2:], "the prefix is 02 or 03"),
        ("prefix-06", "06" + G[2:], "hybrid forms are none of ours"),
        ("short", G[:-2], "32 bytes"),
        ("long", G + "00", "34 bytes"),
        ("empty", "", "no bytes"),
        ("x-5", "02" + (5).to_bytes(32, "big").hex(), "no point has this x"),
        ("x-p", "02" + P.to_bytes(32, "big").hex(), "x is p: not reduced"),
        ("x-p-plus-1", "02" + (P + 1).to_bytes(32, "big").hex(), "x is p + 1: not reduced, though 1 is on the curve"),
        ("x-all-ones", "02" + "ff" * 32, "x is not reduced"),
        ("uncompressed", "04" + G[2:] + "00" * 32, "65 bytes"),
    ):
        topic.reject(f"point-{name}", "point.decode", {"bytes": encoded}, why, mutates="point-g")
    labels = [f"H/{a}" for a in range(7)] + [f"G/{i}" for i in (0, 1, 2, 255, 511)]
    places = [*range(7), *(7 + i for i in (0, 1, 2, 255, 511))]
    for label, place in zip(labels, places, strict=True):
        listed = KNOWN["H"] + KNOWN["G"]
        known = {"point": listed[place], "counter": KNOWN["ctr"][place]}
        name = label.lower().replace("/", "-")
        topic.accept(f"generator-{name}", "generator.derive", {"label": label}, "hashed to the curve", known=known)
    zero, one = "00" * 32, (1).to_bytes(32, "big").hex()
    for name, value, blinding, why in (
        ("one-zero", "1", zero, "no blinding: the curve's generator"),
        ("zero-one", "0", one, "no value: H_0"),
        ("small", "12000000", "11" * 32, "a salary in cents"),
        ("negative", "-12000000", "11" * 32, "a negative value is taken modulo the group order"),
        ("largest", str(N - 1), (N - 1).to_bytes(32, "big").hex(), "both are the largest scalar"),
    ):
        topic.accept(f"commit-{name}", "commitment.make", {"value": value, "blinding": blinding}, why)
    for name, value, blinding, why in (
        ("infinity", "0", zero, "the point at infinity has no form"),
        ("blinding-order", "1", N.to_bytes(32, "big").hex(), "the blinding is not reduced"),
        ("blinding-short", "1", "11" * 31, "31 bytes"),
    ):
        argument = {"value": value, "blinding": blinding}
        topic.reject(f"commit-{name}", "commitment.make", argument, why, mutates="commit-one-zero")
    return topic


def transcript_topic():
    topic = Topic("transcript", "Fiat-Shamir over SHAKE256: absorbed bytes are framed, challenges extend the state.")
    absorb, e = {"absorb": "proto", "bytes": "616263"}, {"challenge": "e"}
    steps = [absorb, e, e, {"absorb": "", "bytes": ""}, {"challenge": "gamma"}]
    known = {"challenges": [each.zfill(64) for each in KNOWN["transcript"]["challenges"]]}
    topic.accept("framing", "transcript.run", {"steps": steps}, "absorbed, drawn twice, absorbed, drawn", known=known)
    for name, changed, why in (
        ("nothing", [e], "nothing absorbed"),
        ("label", [{"absorb": "prot", "bytes": "6f616263"}, e], "the boundary between label and bytes counts"),
        (
            "two-parts",
            [{"absorb": "proto", "bytes": "61"}, {"absorb": "proto", "bytes": "6263"}, e],
            "as one part is not",
        ),
        ("empty", [{"absorb": "", "bytes": ""}, e], "an empty part counts"),
        ("other-label", [absorb, {"challenge": "rho"}], "a challenge's label counts"),
        ("long", [{"absorb": "proto", "bytes": "5a" * 1000}, e], "more than a block of SHAKE256"),
    ):
        topic.accept(name, "transcript.run", {"steps": changed}, why)
    return topic


def proof_topic():
    about = "Bulletproofs++ over circuits that are built from ranges or from atoms and a formula; the engine alone."
    topic = Topic("proof", about)
    accepted = {}
    for each in KNOWN["positive"]:
        name, statement = slug(each["name"]), each["statement"]
        built = topic.accept(f"circuit-{name}", "circuit.build", {"statement": statement}, each["name"])
        if built["digest"] != each["circuit"]["digest"]:
            raise AssertionError(f"{name}: another circuit than bpp.json's")
        accepted[json.dumps(statement)] = name
        topic.accept(name, "proof.verify", _argument(each), each["name"], known={})
    for each in KNOWN["bad_statements"]:
        argument, base = {"statement": each["statement"]}, NEGATIVE_BASE[each["statement"]["type"]]
        topic.reject(
            f"circuit-{slug(each['name'])}", "circuit.build", argument, each["name"], mutates=f"circuit-{base}"
        )
    for each in KNOWN["negative"]:
        base = accepted.get(json.dumps(each["statement"]), NEGATIVE_BASE[each["statement"]["type"]])
        topic.reject(slug(each["name"]), "proof.verify", _argument(each), each["name"], mutates=base)
        code = {"parse": "proof-malformed", "equation": "proof-invalid"}[each["expect"]]
        if topic.cases[-1]["expect"] != {"reject": {"code": code}}:
            raise AssertionError(f"{each['name']}: refused at another stage than bpp.json says")
    return topic


def _argument(each):
    return {name: each[name] for name in ("statement", "context", "proof")} | {"commitments": each["V"]}


def topics():
    return [group_topic(), transcript_topic(), proof_topic()]
