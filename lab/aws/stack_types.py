"""The resource types that ministack's CloudFormation lacks, and how the lab adds them."""

from collections.abc import Callable, Mapping
from typing import Any

from lab.aws import stack_environment
from lab.aws.emulator import Emulator
from lab.aws.private_names import replace
from lab.aws.stack_environment import Provisioned, StackEnvironment

_RULE = "AWS::EC2::SecurityGroupIngress"

#: type -> properties whose change replaces the resource (the types' own schemas).
_CREATE_ONLY: Mapping[str, tuple[str, ...]] = {
    stack_environment.TYPE: stack_environment.CREATE_ONLY,
    "AWS::EC2::EIP": ("Address", "Domain", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"),
    "AWS::EC2::NatGateway": ("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"),
    "AWS::EC2::SecurityGroupEgress": ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6"),
    _RULE: ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId"),
    "AWS::IAM::OIDCProvider": ("Url",),
}


def add_types(emulator: Emulator, environment: StackEnvironment) -> None:
    """Make the types known to the emulator, with the properties that replace and the thread they run on."""
    network = _Network(emulator)
    provisioners = emulator.provisioners
    added: dict[str, dict[str, Any]] = {
        stack_environment.TYPE: _handlers(environment.create, environment.delete, environment.update),
        "AWS::EC2::EIP": _handlers(network.create_address, network.delete_address, network.update_address),
        "AWS::EC2::NatGateway": _handlers(
            network.create_gateway, network.delete_gateway, _update_nothing("NatGatewayId")
        ),
        "AWS::EC2::SecurityGroupEgress": _handlers(network.create_egress, network.delete_egress, _update_nothing("Id")),
        _RULE: _handlers(network.create_ingress, network.delete_ingress, _update_nothing("Id")),
        "AWS::IAM::OIDCProvider": _handlers(network.create_provider, network.delete_provider, network.update_provider),
    }
    for name, handlers in added.items():
        provisioners._RESOURCE_HANDLERS.setdefault(name, handlers)  # noqa: SLF001
        provisioners._REPLACING_PROPERTIES[name] = _CREATE_ONLY[name]  # noqa: SLF001
    provisioners._STACK_TAG_PROPERTY[stack_environment.TYPE] = ("Tags", "map")  # noqa: SLF001
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES[stack_environment.TYPE] = ("NetworkConfiguration",)  # noqa: SLF001
    provisioners._CUSTOM_NAME_REPLACEMENT[stack_environment.TYPE] = {  # noqa: SLF001
        "name": "Name",
        "requires_replacement": stack_environment.moves_subnets,
    }
    _run_on_threads(emulator, frozenset(added))
    _send_back_failed_updates(emulator)
    _tell_subnets_from_groups(emulator)


def _handlers(
    create: Callable[[str, Mapping[str, Any], str], Provisioned],
    delete: Callable[[str, Mapping[str, Any]], None],
    update: Callable[[str, Mapping[str, Any], Mapping[str, Any], str], Provisioned],
) -> dict[str, Any]:
    return {"create": create, "delete": delete, "update": update}


def _update_nothing(attribute: str) -> Callable[[str, Mapping[str, Any], Mapping[str, Any], str], Provisioned]:
    """For types whose mutable properties (tags, descriptions) the lab does not keep."""
    return lambda physical_id, _old, _new, _stack_name: (physical_id, {attribute: physical_id})


def _run_on_threads(emulator: Emulator, types: frozenset[str]) -> None:
    """Keep the lab's handlers off the event loop: they wait, and they call the emulator."""
    known: Callable[[str], bool] = emulator.stacks._runs_on_worker_thread  # noqa: SLF001
    replace(emulator.stacks, "_runs_on_worker_thread", lambda type_: type_ in types or known(type_))


def _send_back_failed_updates(emulator: Emulator) -> None:
    """Let a roll-back set the old properties again on an environment whose own update failed.

    The handler reports such a failure after UpdateEnvironment was accepted (NotStabilized), so that CloudFormation
    cannot know what the environment runs with. That it then updates once more is taken on trust.
    """
    known: Callable[[str], bool] = emulator.stacks._sends_back_failed_update  # noqa: SLF001
    replace(emulator.stacks, "_sends_back_failed_update", lambda type_: type_ == stack_environment.TYPE or known(type_))


def _tell_subnets_from_groups(emulator: Emulator) -> None:
    """Let a change set say that new subnets replace the environment and new security groups do not."""
    known: Callable[..., list[dict[str, Any]]] = emulator.changesets._diff_resources  # noqa: SLF001

    def diff(old: Mapping[str, Any], new: Mapping[str, Any], *others: object) -> list[dict[str, Any]]:
        changes = known(old, new, *others)
        for change in (entry["ResourceChange"] for entry in changes):
            if change["ResourceType"] == stack_environment.TYPE and change["Action"] == "Modify":
                _refine(change, *(side["Resources"][change["LogicalResourceId"]]["Properties"] for side in (old, new)))
        return changes

    replace(emulator.changesets, "_diff_resources", diff)


def _refine(change: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    recreation = "Always" if stack_environment.moves_subnets(old, new) else "Never"
    targets = [detail["Target"] for detail in change["Details"]]
    for target in targets:
        if target.get("Name") == "NetworkConfiguration":
            target["RequiresRecreation"] = recreation
    if any(target["RequiresRecreation"] == "Always" for target in targets):
        change["Replacement"] = "True"
    elif all(target["RequiresRecreation"] == "Never" for target in targets):
        change["Replacement"] = "False"


class _Network:
    """The small types, each made by the emulator's own API for it."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def create_address(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        made = self._emulator.query("ec2", "AllocateAddress", Domain=properties.get("Domain", "vpc"))
        address, allocation = made.findtext("publicIp", ""), made.findtext("allocationId", "")
        return address, {"AllocationId": allocation, "PublicIp": address}

    def update_address(
        self, physical_id: str, _old: Mapping[str, Any], _new: Mapping[str, Any], _stack_name: str
    ) -> Provisioned:
        return physical_id, {"AllocationId": self._allocation(physical_id), "PublicIp": physical_id}

    def delete_address(self, physical_id: str, _properties: Mapping[str, Any]) -> None:
        self._emulator.query("ec2", "ReleaseAddress", AllocationId=self._allocation(physical_id))

    def create_gateway(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        given = {name: properties[name] for name in ("SubnetId", "AllocationId") if name in properties}
        made = self._emulator.query("ec2", "CreateNatGateway", **given)
        gateway = made.findtext("natGateway/natGatewayId", "")
        return gateway, {"NatGatewayId": gateway}

    def delete_gateway(self, physical_id: str, _properties: Mapping[str, Any]) -> None:
        self._emulator.query("ec2", "DeleteNatGateway", NatGatewayId=physical_id)

    def create_ingress(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        return self._create_rule("AuthorizeSecurityGroupIngress", properties)

    def create_egress(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        return self._create_rule("AuthorizeSecurityGroupEgress", properties)

    def delete_ingress(self, physical_id: str, properties: Mapping[str, Any]) -> None:
        self._delete_rule("RevokeSecurityGroupIngress", physical_id, properties)

    def delete_egress(self, physical_id: str, properties: Mapping[str, Any]) -> None:
        self._delete_rule("RevokeSecurityGroupEgress", physical_id, properties)

    def create_provider(self, _logical_id: str, properties: Mapping[str, Any], _stack_name: str) -> Provisioned:
        given = {"Url": properties["Url"]}
        for name in ("ClientIdList", "ThumbprintList"):
            wire_name = "ClientIDList" if name == "ClientIdList" else name
            for index, value in enumerate(properties.get(name) or (), 1):
                given[f"{wire_name}.member.{index}"] = value
        made = self._emulator.query("iam", "CreateOpenIDConnectProvider", **given)
        arn = made.findtext(".//OpenIDConnectProviderArn", "")
        return arn, {"Arn": arn}

    def update_provider(
        self, physical_id: str, _old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str
    ) -> Provisioned:
        self.delete_provider(physical_id, new)
        return self.create_provider("", new, stack_name)

    def delete_provider(self, physical_id: str, _properties: Mapping[str, Any]) -> None:
        self._emulator.query("iam", "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=physical_id)

    def _allocation(self, public_ip: str) -> str:
        addresses = self._emulator.query("ec2", "DescribeAddresses").iter("item")
        found = (address for address in addresses if address.findtext("publicIp") == public_ip)
        return next((address.findtext("allocationId", "") for address in found), "")

    def _create_rule(self, action: str, properties: Mapping[str, Any]) -> Provisioned:
        rule = "IpPermissions__1__"
        names = [name for name in ("IpProtocol", "FromPort", "ToPort") if name in properties]
        given = {f"{rule}{name}": str(properties[name]) for name in names}
        if "CidrIp" in properties:
            given[f"{rule}IpRanges__1__CidrIp"] = properties["CidrIp"]
        peer = properties.get("SourceSecurityGroupId") or properties.get("DestinationSecurityGroupId")
        if peer:
            given[f"{rule}Groups__1__GroupId"] = peer
        made = self._emulator.query("ec2", action, GroupId=properties["GroupId"], **given)
        rule_id = made.findtext(".//securityGroupRuleId", "")
        return rule_id, {"Id": rule_id}

    def _delete_rule(self, action: str, physical_id: str, properties: Mapping[str, Any]) -> None:
        self._emulator.query("ec2", action, GroupId=properties["GroupId"], SecurityGroupRuleId__1=physical_id)
