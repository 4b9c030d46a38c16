"""Runs hostile Liquid templates one after another; writes one JSON line for each.

Run as a process of its own, so that a crash or a swallowed gigabyte is an answer and not the end
of the tests.
"""

import json
import resource
import sys
import time
from dataclasses import replace
from typing import Any

from shared.expr.bounds import LIQUID, Bounds
from shared.expr.errors import ExpressionError
from shared.expr.liquid import TemplateCache, render
from tests.support.memory import growing
from tests.unit.expr.support import NOW

ADDRESS_BYTES_MAX = 2 * 1024**3
PATIENT = replace(LIQUID, timeout_s=3_600.0)
"""The same on a machine that is never too slow: what stops here is not stopped by the clock."""
SCOPE: dict[str, Any] = {
    "text": "ab, " * 30_000,
    "html": "<a " * 40_000 + ">",
    "wide": "\U0001f600" * 100_000,
    "numbers": list(range(50_000)),
    "rows": [{"id": i, "name": f"n{i}", "of": {"a": [1, 2]}} for i in range(5_000)],
    "twin": [{"id": i, "name": f"n{i}", "of": {"a": [1, 2]}} for i in range(5_000)],
    "flat": {"k": [{"v": i} for i in range(10_000)]},
}
DOUBLED = (
    "{% assign s = 'abcdefgh' %}{% for i in (1..64) %}{% assign s = s | append: s %}{% endfor %}"
)
BYTES = 65_000
HOSTILE = {
    "nested_loops": "{% for i in (1..1000000) %}{% for j in (1..1000000) %}x{% endfor %}"
    "{% endfor %}",
    "nested_small": "{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}",
    "many_loops": "{% for i in (1..9000) %}{% endfor %}" * 1_500,
    "huge_range": "{% for i in (1..100000000000000000000000) %}x{% endfor %}",
    "reversed_range": "{% for i in (1..1000000000) reversed %}x{% endfor %}",
    "range_join": "{{ (1..1000000000) | join: ',' }}",
    "range_whole": "{{ (1..1000000000) }}",
    "range_sort": "x{{ (1..1000000000) | sort }}",
    "range_slice": "x{{ (1..1000000000) | slice: 0, 1000000000 }}",
    "doubling": DOUBLED + "{{ s }}",
    "doubling_prepend": DOUBLED.replace("append", "prepend") + "{{ s | size }}",
    "doubling_list": "{% assign l = rows %}{% for i in (1..64) %}{% assign l = l | concat: l %}"
    "{% endfor %}{{ l | size }}",
    "list_of_trees": "{% assign l = flat | reverse %}{% for i in (1..15) %}"
    "{% assign l = l | concat: l %}{% endfor %}{{ l }}",
    "list_of_trees_join": "{% assign l = flat | reverse %}{% for i in (1..15) %}"
    "{% assign l = l | concat: l %}{% endfor %}{{ l | join: ',' }}",
    "capture_doubling": "{% assign s = 'abcdefgh' %}{% for i in (1..64) %}{% capture s %}{{ s }}"
    "{{ s }}{% endcapture %}{% endfor %}{{ s }}",
    "captures": "".join(
        f"{{% capture a{i} %}}{{{{ text }}}}{{{{ text }}}}{{% endcapture %}}" for i in range(1_000)
    ),
    "assigns": "".join(f"{{% assign a{i} = text | upcase %}}" for i in range(1_800)),
    "power": "{% assign n = 9 %}{% for i in (1..64) %}{% assign n = n | times: n %}{% endfor %}"
    "{{ n }}",
    "replace_blowup": "{{ text | replace: 'a', text | size }}",
    "replace_empty": "x{{ text | replace: '', text }}",
    "replace_loop": "{% for i in (1..40000) %}{{ text | replace: 'zz', '' | size }}{% endfor %}",
    "split_all": "{{ wide | split: '' | size }}",
    "split_join": "{{ text | split: ',' | join: text }}",
    "split_join_loop": "{% for i in (1..5000) %}{{ text | split: 'q' | join: text | size }}"
    "{% endfor %}",
    "url_wide": "{{ wide | url_encode | size }}",
    "escape_once": "{% for i in (1..5000) %}{{ text | escape_once | size }}{% endfor %}",
    "strip_html": "{% for i in (1..5000) %}{{ html | strip_html }}{% endfor %}",
    "strip_html_short": "{% for i in (1..5000) %}{{ html | slice: 0, 16000 | strip_html | size }}"
    "{% endfor %}",
    "uniq": "{{ numbers | uniq | size }}",
    "uniq_key": "{{ rows | uniq: 'id' | size }}",
    "sort_loop": "{% for i in (1..5000) %}{{ rows | sort: 'name' | size }}{% endfor %}",
    "compare": "{% if rows == twin %}{% endif %}" * 1_800,
    "compare_loop": "{% for i in (1..50000) %}{% if rows == twin %}{% endif %}{% endfor %}",
    "contains": "{% if text contains 'abq' %}{% endif %}" * 1_500,
    "ifs": "{% for i in (1..50000) %}" + "{% if 1 %}{% endif %}" * 1_950 + "{% endfor %}",
    "long_condition": "{% for i in (1..50000) %}{% if a"
    + " or a" * 100
    + "%}{% endif %}{% endfor %}",
    "endless_condition": "{% if a" + " or a" * 790 + "%}{% endif %}",
    "date_width": "{{ 'now' | date: '%1000000000Y' }}",
    "date_format": "{{ 'now' | date: text }}",
    "date_number": "{{ 99999999999999999999 | date: '%Y' }}",
    "truncatewords": "{% for i in (1..5000) %}{{ text | truncatewords: 100000 | size }}"
    "{% endfor %}",
    "round": "{{ 5 | round: -1000000000 }}{{ 1.5 | round: 1000000000 }}",
    "slice": "{{ text | slice: -1, 99999999999999999999999 }}",
    "deep_blocks": "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
    "deep_path": "{{ " + "a[" * 2_000 + "b" + "]" * 2_000 + " }}",
    "open_outputs": "{{" * (BYTES // 2),
    "open_tags": "{%" * (BYTES // 2),
    "open_tags_closed": ("{%" * 2_000 + "%}") * 16,
    "open_blank": "{{" + " " * BYTES,
    "blank": "{{" + " " * BYTES + "}}",
    "blank_runs": ("{{ a" + " " * 63 + "}}") * 900,
    "open_raw": "{% raw %}" * (BYTES // 9),
    "open_doc": "{% doc %}" * (BYTES // 9),
    "open_comment": "{% comment %}" * (BYTES // 13),
    "brackets": "{{ " + "(" * BYTES + " }}",
    "some_brackets": ("{{ " + "(" * 32 + "a" * 4_000 + " }}") * 15,
    "filters": "{{ a" + " | abs" * 600 + " }}",
    "strings": "{{ '" * (BYTES // 4),
    "outputs": "{{a}}" * 3_990,
    "too_many_outputs": "{{a}}" * (BYTES // 5),
    "too_long": "{{ a }}" * BYTES,
    "increment": "{% for i in (1..50000) %}" + "{% increment a %}" * 3_000 + "{% endfor %}",
    "cycle": "{% for i in (1..50000) %}" + "{% cycle 'a', 'b' %}" * 2_500 + "{% endfor %}",
    "include": "{% include 'a' %}",
    "attribute": "{{ text.__class__ }}{{ rows.__init__.__globals__ }}",
}


def main() -> None:
    """Try each template within the usual bounds; or those that argv names, without a hurry."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    attempt("{{ text | upcase | size }}", PATIENT)  # what loads at first use
    names, bounds = (sys.argv[1:], PATIENT) if sys.argv[1:] else ([*HOSTILE], LIQUID)
    for name in names:
        with growing() as growth:
            started_s = time.process_time()
            answer = attempt(HOSTILE[name], bounds)
            cpu_s = time.process_time() - started_s
        grown = growth.grown_bytes
        line = {"name": name, "answer": answer, "cpu_s": cpu_s, "grown_bytes": grown}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def attempt(source: str, bounds: Bounds) -> str:
    """What came of it: the error's code, or the result's beginning."""
    try:
        return str(render(source, SCOPE, TemplateCache(4), now=NOW, bounds=bounds))[:20]
    except ExpressionError as error:
        return error.code


if __name__ == "__main__":
    main()
