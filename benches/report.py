"""Writes benches/README.md from the figures that the benches left, and compares figures with the baseline's."""

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
NOISE = 1.05

HEAD = """# Figures

Written by `make bench`. Do not edit by hand: change `benches/report.py`, or run it again.

{machine}. Palisade is what `make release` builds. All processes share the machine, everything goes over the loopback interface. Every round measures each
proxy once, in an order that moves on by one each round; ratios are taken within a round, so that a machine whose speed
drifts spoils neither side. Figures are medians, with the lowest and the highest round in brackets. Times depend on the
machine: compare ratios.

CPU is what the process used, in user mode and in the kernel, divided by the requests that it answered.
"""

WORKLOAD = {
    "chat": "A chat request of 1 KB, 32 connections. nginx buffers, which is its default.",
    "chat8k": "The same with 8 KB.",
    "stream": "A streamed answer of 200 events, 8 connections, as fast as the upstream gives them. nginx does not buffer.",
}

PROXY = {
    "direct": "direct, without a proxy",
    "nginx": "nginx, reverse proxy to the same upstream",
    "none": "Palisade, route with `inspect: none`",
    "empty": "Palisade, inspected, policy without rules",
    "rules": "Palisade, the rules of `default` without its classifier",
    "logged": "Palisade, inspected, without rules, decisions logged to a file",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, help="what proxy.py and the other benches wrote")
    parser.add_argument("--compare", action="store_true", help="compare with the baseline; exit 1 if something got worse")
    parser.add_argument("--save", action="store_true", help="make these figures the baseline")
    args = parser.parse_args()
    figures = json.loads(args.figures.read_text())
    if args.compare:
        sys.exit(compare(figures, json.loads(BASELINE.read_text())))
    if args.save:
        BASELINE.write_text(json.dumps(figures, indent=1) + "\n")
    (HERE / "README.md").write_text(report(figures))


def report(figures):
    parts = [HEAD.format(machine=machine())]
    for name, text in WORKLOAD.items():
        if name in figures:
            parts.append(f"## {name.capitalize()}\n\n{text}\n\n{proxies(figures[name])}")
    if "streams" in figures:
        parts.append(streams(figures["streams"]))
    if "classifier" in figures:
        parts.append(classifier(figures["classifier"]))
    if "memory" in figures:
        parts.append(memory(figures["memory"]))
    if "texts" in figures:
        parts.append(texts(figures["texts"], figures["presidio"]))
    if "load" in figures:
        parts.append(load(figures["load"]))
    if "micro" in figures:
        parts.append(
            "## Parts\n\nOne thread, in process, by [divan](https://docs.rs/divan): `cargo bench --bench micro`.\n\n"
            f"{apis(figures['micro'])}\n```text\n{figures['micro'].strip()}\n```\n"
        )
    parts.append(AGAIN)
    return "\n".join(parts)


def texts(rates, presidio):
    """All rules over ordinary and adversarial texts, and Presidio beside them."""
    middle = {name: statistics.median(rounds) for name, rounds in rates.items()}
    verdict = lambda rate, least: "met" if rate >= least else "**missed**"
    out = [
        "## Texts\n\nOne core, in process, messages of 8 KB, MB/s: `cargo bench --bench texts`. `all` is personal data, secrets, "
        "injections and hidden characters together; the adversarial texts (`benches/adversarial/`) are read by `all`.\n\n"
        "| text | rules | MB/s | least | |\n|---|---|---|---|---|\n"
    ]
    for name, rounds in rates.items():
        text, _, rules = name.partition("/")
        least = (150 if rules == "all" else None) if rules else 30
        spread = f"{middle[name]:.1f} ({min(rounds):.1f}–{max(rounds):.1f})"
        end = f"{least} | {verdict(middle[name], least)}" if least else " | "
        out.append(f"| {text if rules else f'`{text}`'} | `{rules or 'all'}` | {spread} | {end} |\n")
    own, other = middle["english/pii"], statistics.median(presidio["rates"])
    out.append(
        f"\n[Presidio](https://github.com/microsoft/presidio)'s {presidio['recognizers']} pattern recognizers, without their context "
        f"words and without a language model, read {other:.3f} MB/s of the same English text; `pii` is {own / other:.0f} × as fast, "
        f"at least 200: {verdict(own / other, 200)}.\n"
    )
    return "".join(out)


LOAD_MS = 300
LOAD_MB = 60


def load(policies):
    """What each shipped policy takes at start, and all rules together."""
    out = [
        "## Policies\n\nFrom the text of a policy to what runs, on one core, each in a process of its own and without its classifier: "
        "`cargo bench --bench load`. Memory is what is resident afterwards, and at most while it is loaded. `all` is personal data, "
        "secrets, injections and hidden characters together.\n\n"
        "| policy | rules | ms | MB kept | MB at most |\n|---|---|---|---|---|\n"
    ]
    for name, figures in policies.items():
        columns = [spread(figures[column], digits) for column, digits in [("ms", 0), ("kept_mb", 1), ("peak_mb", 1)]]
        out.append(f"| `{name}` | {figures['rules'][0]} | {' | '.join(columns)} |\n")
    middle = lambda column: statistics.median(policies["all"][column])
    out.append(
        f"\n`all`: {middle('ms'):.0f} ms, at most {LOAD_MS}: {met(middle('ms'), LOAD_MS)}. {middle('peak_mb'):.0f} MB at most, at most "
        f"{LOAD_MB}: {met(middle('peak_mb'), LOAD_MB)}.\n"
    )
    return "".join(out)


def apis(micro):
    """What has to hold of the parts beside each other: medians of one run."""
    lines = [
        ("The segments of 500 messages in 1 MB cost", "messages_segments", "messages_ignored", "what `serde_json` takes to skip the same bytes", 1.5),
        ("JSON lines cost", "stream_framed/Ndjson", "stream_framed/Sse", "server-sent events in the engine", 2),
        ("One JSON array costs", "stream_framed/Array", "stream_framed/Sse", "server-sent events in the engine", 2),
        ("Cutting JSON lines costs", "ndjson_events", "sse_events", "cutting server-sent events", 2),
        ("Cutting one JSON array costs", "array_events", "sse_events", "cutting server-sent events", 2),
    ]
    out = []
    for what, own, base, than, most in lines:
        ratio = median(micro, own) / median(micro, base)
        out.append(f"{what} {ratio:.2f} × {than}, at most {most}: {met(ratio, most)}.\n")
    return "\n".join(out)


UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}


def median(micro, name):
    """The median time of a row of divan's table in ns; `ROW/ARGUMENT` for one with arguments."""
    row, _, argument = name.partition("/")
    lines = iter(micro.splitlines())
    found = next(line for line in lines if re.search(rf"[├╰]─ {row}\b", line))
    if argument:
        found = next(line for line in lines if re.search(rf"[├╰]─ {argument}\b", line))
    # Rows with arguments stand under a line of their own.
    value, unit = found.split("─ ", 1)[1].split("│")[2].split()[:2]
    return float(value) * UNITS[unit]


AGAIN = """## Again

`make bench` measures everything (about forty minutes with its builds; wants `wrk`, `nginx-light` and, for the profile, LLVM's tools from apt) and writes this page.
`make bench-compare` measures and compares with `baseline.json`: a row whose median ratio is more than 5 % worse, and
whose best round is worse than the baseline's median, fails. `make bench-baseline` measures and makes that the baseline.
"""


def proxies(figures):
    rows = ["| | requests a second | CPU a request, µs | × nginx | most | |", "|---|---|---|---|---|---|"]
    for proxy, rate in figures["rate"].items():
        if proxy not in figures["cost_us"]:
            rows.append(f"| {PROXY[proxy]} | {spread(rate, 0)} | | | | |")
            continue
        most = figures["targets"].get(proxy)
        ratio = figures["ratio"][proxy]
        rows.append(
            f"| {PROXY[proxy]} | {spread(rate, 0)} | {spread(figures['cost_us'][proxy], 1)} | {spread(ratio, 2)} | {most or ''} | "
            f"{met(statistics.median(ratio), most)} |"
        )
    extra = [
        f"{PROXY[more]}: {spread([a - b for a, b in zip(figures['cost_us'][more], figures['cost_us']['empty'])], 1)} µs "
        f"more than without rules, at most {most}: {met(difference(figures, more), most)}."
        for more, most in figures.get("extra_us", {}).items()
    ]
    return "\n".join(rows) + "\n" + "".join(f"\n{line}\n" for line in extra)


def difference(figures, proxy):
    return statistics.median(a - b for a, b in zip(figures["cost_us"][proxy], figures["cost_us"]["empty"]))


def streams(figures):
    first, events, memory = figures["first"], figures["events"], figures["open"]
    short, long = sorted({int(name.split()[1]) for name in events})
    cost = lambda policy, count: events[f"{policy} {count}"]["us_per_event"]
    rate = lambda policy, count: events[f"{policy} {count}"]["events_per_s"]
    within = lambda own, base: [a / b for a, b in zip(own, base)]
    waits = [
        "| | unpaced, µs | × nginx | paced, µs more than nginx |",
        "|---|---|---|---|",
        *(
            f"| {PROXY[proxy]} | {spread(first['unpaced'][proxy], 0)} | {spread(within(first['unpaced'][proxy], first['unpaced']['nginx']), 2)} | "
            f"{spread([a - b for a, b in zip(first['paced'][proxy], first['paced']['nginx'])], 0)} |"
            for proxy in first["unpaced"]
        ),
    ]
    unpaced = statistics.median(within(first["unpaced"]["rules"], first["unpaced"]["nginx"]))
    paced = statistics.median(a - b for a, b in zip(first["paced"]["rules"], first["paced"]["nginx"]))
    growth = within(cost("rules", long), cost("rules", short))
    pace = within(rate("rules", short), rate("empty", short))
    each = statistics.median(cost("rules", short))
    return "\n".join(
        [
            "## Streams, in parts\n",
            "How long a client waits for the first words, which end in a space. One request after the other; unpaced, or with 10 ms "
            "before each event.\n",
            *waits,
            f"\nWith rules, unpaced at most 1.3 × nginx: {met(unpaced, 1.3)}. Paced at most 1000 µs more: {met(paced, 1000)}.\n",
            f"Events of 20 characters of prose, with the rules of `default`: {spread(cost('rules', short), 2)} µs of CPU each (without "
            f"rules {spread(cost('empty', short), 2)}), at most 15: {met(each, 15)}. {long} of them cost {spread(growth, 2)} × as much "
            f"each as {short}, at most 1.2: {met(statistics.median(growth), 1.2)}. Events a second are {spread(pace, 2)} × those without "
            f"rules, at least 0.8: {met(0.8, statistics.median(pace))}.\n",
            f"{memory['streams']} streams that all say something: {memory['kb_each']:.0f} KB of memory each, at most 64: "
            f"{met(memory['kb_each'], 64)}.\n",
        ]
    )


def classifier(figures):
    ratio = [own / bare for own, bare in zip(figures["proxy_ms"], figures["bare_ms"])]
    return (
        "## Classifier\n\n"
        f"Texts of one window ({figures['tokens']} tokens), none judged before, one at a time, policy `default`: all that "
        "the proxy spends on a request, beside tokenisation and a bare run of the same graph.\n\n"
        "| | CPU a text, ms | × bare | most | |\n|---|---|---|---|---|\n"
        f"| bare | {spread(figures['bare_ms'], 2)} | | | |\n"
        f"| through Palisade | {spread(figures['proxy_ms'], 2)} | {spread(ratio, 2)} | {figures['target']} | "
        f"{met(statistics.median(ratio), figures['target'])} |\n"
    )


def memory(figures):
    lines = [
        "## Memory\n",
        f"Resident with the shipped classifier, policy `default`: {figures['loaded_mb']:.0f} MB at rest, "
        f"{figures['after_mb']:.0f} MB after load, at most {figures['target_mb']}: "
        f"{met(figures['after_mb'], figures['target_mb'])}.\n",
    ]
    if "streams_mb" in figures:
        lines.append(
            f"With {figures['streams']} streams open and idle: {figures['streams_mb']:.0f} MB, at most "
            f"{figures['streams_target_mb']}: {met(figures['streams_mb'], figures['streams_target_mb'])}.\n"
        )
    return "\n".join(lines)


def compare(new, old):
    """Prints each ratio beside the baseline's. 1 if one got worse by more than noise explains."""
    worse = 0
    for name, (now, then) in sorted(ratios(new, old).items()):
        change = statistics.median(now) / statistics.median(then)
        bad = change > NOISE and min(now) > statistics.median(then)
        worse |= bad
        print(f"{name}: {spread(then, 2)} -> {spread(now, 2)}, {change - 1:+.1%}{'  WORSE' if bad else ''}")
    return int(worse)


def ratios(new, old):
    found = {}
    for name in WORKLOAD:
        for proxy, ratio in new.get(name, {}).get("ratio", {}).items():
            if proxy != "nginx" and proxy in old.get(name, {}).get("ratio", {}):
                found[f"{name} {proxy}, x nginx"] = (ratio, old[name]["ratio"][proxy])
    if "streams" in new and "streams" in old:
        for name, own, base in [("events with rules, x without", "rules 512", "empty 512")]:
            cost = lambda each, name: each["streams"]["events"][name]["us_per_event"]
            found[name] = tuple([a / b for a, b in zip(cost(each, own), cost(each, base))] for each in (new, old))
    if "classifier" in new and "classifier" in old:
        bare = [[own / base for own, base in zip(each["proxy_ms"], each["bare_ms"])] for each in (new["classifier"], old["classifier"])]
        found["classifier, x bare"] = tuple(bare)
    return found


def met(value, most):
    return "" if most is None else "met" if value <= most else "**missed**"


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.M))
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split("(")[0].strip()
    return f"{cpu[1] if cpu else platform.machine()}, {cores} cores, Linux {platform.release().split('-')[0]}, {rustc}"


if __name__ == "__main__":
    main()
