"""Objects that have methods, written in JSONata: closures that ask Python with the object.

Python gives JSON only, so a date, a duration, a graph and a URL's parameters get their methods in
the text that an expression is evaluated with, and lose them in what it comes to.
"""

from typing import Final


def _closures(names: str, call: str) -> str:
    return ",".join(f"'{name}':{call.replace('NAME', name)}" for name in names.split())


_DATE_MAKERS = "plus minus set startOf endOf setZone setLocale reconfigure toUTC toLocal"
_DATE_READERS = (
    "toFormat toISO toISODate toISOTime toISOWeekDate toRFC2822 toHTTP toSQL toSQLDate toSQLTime "
    "toJSDate toMillis toSeconds toUnixInteger toRelative toRelativeCalendar toLocaleString "
    "hasSame equals until valueOf"
)
_DURATION_MAKERS = "plus minus shiftTo normalize negate"
_DURATION_READERS = "as toFormat toISO toMillis get toObject"

DURATIONS: Final = (
    "$turnout_duration:=function($s){$merge([$s,{"
    + _closures(
        _DURATION_MAKERS,
        "function($a,$b,$c,$d,$e)"
        "{$turnout_duration($turnout_duration_call($s,'NAME',$a,$b,$c,$d,$e))}",
    )
    + ","
    + _closures(_DURATION_READERS, "function($a){$turnout_duration_call($s,'NAME',$a)}")
    + "}])};"
)
DATES: Final = (
    "$turnout_date:=function($s){$merge([$s,{"
    + _closures(
        _DATE_MAKERS,
        "function($a,$b){$turnout_date($turnout_date_call($s,'NAME',$millis(),$a,$b))}",
    )
    + ","
    + _closures(
        _DATE_READERS,
        "function($a,$b){($v:=$turnout_date_call($s,'NAME',$millis(),$a,$b);$exists($v)?$v:null)}",
    )
    + ","
    + _closures(
        "diff diffNow",
        "function($a,$b){($v:=$turnout_date_call($s,'NAME',$millis(),$a,$b);"
        "$exists($v)?$turnout_duration($v):null)}",
    )
    + "}])};"
)
GRAPHS: Final = (
    "$turnout_graph:=function($g){{"
    + _closures(
        "overallOrder dependenciesOf dependantsOf hasNode getNodeData",
        "function($a){$turnout_graph_call($g,'NAME',$a)}",
    )
    + ",'clone':function(){$turnout_graph($g)}}};"
)
URLS: Final = (
    "$turnout_url:=function($u){$merge([$u,{'searchParams':{'size':$u.searchParams.size,"
    + _closures(
        "has getAll keys values entries toString",
        "function($a){$turnout_params_call($u,'NAME',$a)}",
    )
    + ",'get':function($a){($v:=$turnout_params_call($u,'get',$a);$exists($v)?$v:null)}}}])};"
)
