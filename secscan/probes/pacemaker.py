"""A Pacemaker cluster as this node sees it: quorum, nodes, resources, fencing, what failed. No parameter of a resource is told."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError, fromstring

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

# Pacemaker 1.1 knows only the older of the two options. In a tree without /proc the daemons that answer would be those around it.
_SCRIPT = r"""if [ ! -e /proc/self ]; then printf 'unobservable: /proc is not mounted\n'; part 0 0; exit 0; fi
if ! have crm_mon; then
  if [ -e /etc/corosync/corosync.conf ]; then printf 'unobservable: there is a corosync.conf, and no crm_mon command\n'
  else printf 'absent\n'; fi
elif told=$(crm_mon --one-shot --inactive --output-as=xml 2>/dev/null) ||
  told=$(crm_mon --one-shot --inactive --as-xml 2>/dev/null); then
  printf '%s\nend\n' "$told"
elif [ ! -e /etc/corosync/corosync.conf ] && [ ! -e /etc/pacemaker/authkey ]; then
  printf 'absent\n' # the program is installed, and the host belongs to no cluster
else
  case $told in
    *'<status '*'message="'*) told=${told##*message=\"} told=${told%%\"*} ;;
    *) told=$(crm_mon --one-shot 2>&1 | tr '\n' ' ') ;;
  esac
  printf 'unobservable: crm_mon: %.200s\n' "$told"
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `crm_mon`, which only asks the daemons."""
    return Question(
        _SCRIPT, ("crm_mon --one-shot --inactive --output-as=xml", "/etc/corosync/corosync.conf", "/etc/pacemaker/authkey")
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """The XML of crm_mon (of Pacemaker 1.1, 2 or 3), then `end`."""
    said = reply(answer, "a Pacemaker cluster")
    if said:
        return said
    text = "\n".join(closed_lines(answer))
    if "<!" in text:
        raise Unreadable("crm_mon writes no declarations")
    try:
        told = fromstring(text)  # noqa: S314 - entities need a declaration, and an answer with one was refused
    except ParseError as error:
        raise Unreadable(f"not the XML of crm_mon: {error}") from error
    nodes = tuple(_node(node) for node in told.iterfind("./nodes/node"))
    centre, options = told.find("./summary/current_dc"), told.find("./summary/cluster_options")
    if not nodes or centre is None or options is None:
        raise Unreadable("no nodes or no summary in the XML of crm_mon")
    resources = tuple(_resource(element) for element in told.iterfind("./resources//resource"))
    failures = told.iterfind("./failures/failure")
    return Observed({
        "quorate": _flag(centre, "with_quorum") if _is(centre, "present") else False,
        "fencing": _flag(options, "stonith-enabled"),
        "fencing_devices": sum(
            resource["active"] is True and str(resource["agent"]).startswith("stonith:") for resource in resources
        ),
        "maintenance": _flag(options, "maintenance-mode"),
        "nodes": nodes,
        "count": len(nodes),
        "resources": resources,
        "failures": tuple(
            f"{failure.get('op_key') or failure.get('id') or '?'} on {failure.get('node') or '?'}" for failure in failures
        ),
    })  # fmt: skip


def _is(element: Element, name: str) -> bool:
    return element.get(name) == "true"


def _flag(element: Element, name: str) -> Value:
    """An attribute that is true or false; what an older Pacemaker does not tell is not known."""
    return _is(element, name) if element.get(name) in {"true", "false"} else Unobservable(f"this crm_mon does not tell {name}")


def _node(element: Element) -> Record:
    return {
        "name": element.get("name") or "?",
        "online": _is(element, "online"),
        "standby": _is(element, "standby") or _is(element, "standby_onfail"),
        "maintenance": _is(element, "maintenance"),
        "clean": element.get("unclean") == "false",
    }


def _resource(element: Element) -> Record:
    return {
        "name": element.get("id") or "?",
        "agent": element.get("resource_agent") or "?",
        "active": _is(element, "active"),
        "failed": element.get("failed") != "false",
        "blocked": _is(element, "blocked"),
        "managed": _is(element, "managed"),
        "role": element.get("target_role") or element.get("role") or "?",
    }


PROBE = Probe(
    name="pacemaker",
    summary="The failover cluster of Pacemaker that the host belongs to",
    arguments=(),
    attributes=(
        Attribute("quorate", Type.BOOLEAN, "enough nodes see each other to run resources"),
        Attribute("fencing", Type.BOOLEAN, "a node that does not answer is cut off before its resources start elsewhere (STONITH)"),
        Attribute("fencing_devices", Type.INTEGER, "how many devices are ready to do so"),
        Attribute("maintenance", Type.BOOLEAN, "the cluster leaves everything as it is"),
        Attribute(
            "nodes",
            Type.RECORDS,
            "the nodes",
            (
                Attribute("name", Type.TEXT, "its name"),
                Attribute("online", Type.BOOLEAN, "it takes part"),
                Attribute("standby", Type.BOOLEAN, "it may run nothing"),
                Attribute("maintenance", Type.BOOLEAN, "what it runs is left as it is"),
                Attribute("clean", Type.BOOLEAN, "its state is known; false: it waits to be cut off"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many nodes"),
        Attribute(
            "resources",
            Type.RECORDS,
            "what the cluster runs, one record per instance",
            (
                Attribute("name", Type.TEXT, "its id"),
                Attribute("agent", Type.TEXT, "such as ocf:heartbeat:IPaddr2; fencing devices begin with stonith:"),
                Attribute("active", Type.BOOLEAN, "it runs somewhere"),
                Attribute("failed", Type.BOOLEAN, "its last operation failed"),
                Attribute("blocked", Type.BOOLEAN, "the cluster cannot do anything about it"),
                Attribute("managed", Type.BOOLEAN, "the cluster starts and stops it"),
                Attribute(
                    "role", Type.TEXT, "what it is meant to be where somebody set that, else what it is: Started, Stopped, ..."
                ),
            ),
        ),
        Attribute("failures", Type.LIST, "operations that failed and that nobody has cleared"),
    ),
    ask=ask,
    read=read,
    example=(
        '<pacemaker-result><summary><current_dc present="true" with_quorum="true"/>'
        '<cluster_options stonith-enabled="true" maintenance-mode="false"/></summary>'
        '<nodes><node name="a" online="true" standby="false" maintenance="false" unclean="false"/></nodes>'
        "<resources/><failures/></pacemaker-result>\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)
