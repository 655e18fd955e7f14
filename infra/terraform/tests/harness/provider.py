#!/usr/bin/env python3
"""A stand-in for the provider hashicorp/aws: Terraform's plugin protocol 5 and the real schema, and no AWS behind it.

    provider.py FILE

serves until it is ended, and writes to FILE what TF_REATTACH_PROVIDERS has to hold. State is what Terraform keeps, and nothing else.

STUB_AWS_ACCOUNT=ID        the account that it says it is (111122223333)
STUB_AWS_FIXTURES=FILE     JSON, {"data.aws_x": {attribute: value}, "aws_x": {attribute: value}}: answers in place of invented ones
STUB_AWS_ENDPOINT=URL      an apply makes the resources there too (moto), as far as moto_backend.py knows them
"""
import json
import os
import pathlib
import signal
import sys
from concurrent import futures

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[3] / ".infra")]

import grpc
import tfp5_pb2 as messages

import computed
import data_sources
import rules
import schema
from account import Account
from values import decode, encode

LARGEST_MESSAGE_BYTES = 64 << 20


def fixtures(type_name):
    path = os.environ.get("STUB_AWS_FIXTURES")
    return json.loads(pathlib.Path(path).read_text()).get(type_name, {}) if path else {}


def diagnostics(errors):
    """An error is a sentence, or (path, sentence, detail)."""
    found = []
    for error in errors:
        path, summary, detail = error if isinstance(error, tuple) else ((), error, "")
        diagnostic = messages.Diagnostic(severity=messages.Diagnostic.ERROR, summary=summary, detail=detail)
        for step in path:
            if isinstance(step, int):
                diagnostic.attribute.steps.add(element_key_int=step)
            else:
                diagnostic.attribute.steps.add(attribute_name=step)
        found.append(diagnostic)
    return found


class Provider:
    """One method for each call of the protocol. A connection is a provider block: aliases of one run share this server."""

    def __init__(self):
        self._accounts = {}

    def _account(self, call):
        return self._accounts.get(call.peer()) or Account()

    def GetSchema(self, request, call):
        return schema.response_bytes()

    def PrepareProviderConfig(self, request, call):
        return messages.PrepareResp(prepared_config=request.config)

    def Configure(self, request, call):
        self._accounts[call.peer()] = Account.configured(decode(request.config) or {})
        return messages.ValidateResp()

    def ValidateResourceTypeConfig(self, request, call):
        config, errors = decode(request.config), []

        def refuse_computed(path, attribute, value):
            if value is not None and attribute.get("computed") and not attribute.get("optional"):
                detail = f"Can't configure a value for {'.'.join(map(str, path))!r}: its value will be decided automatically."
                errors.append((path[:1], "Value for unconfigurable attribute", detail))
            return value

        schema.map_attributes(config, schema.RESOURCES[request.type_name], refuse_computed)
        return messages.ValidateResp(diagnostics=diagnostics(errors + rules.check(request.type_name, config)))

    def ValidateDataSourceConfig(self, request, call):
        return messages.ValidateResp(diagnostics=diagnostics(rules.check("data." + request.type_name, decode(request.config))))

    def UpgradeResourceState(self, request, call):
        state = schema.conform(json.loads(request.raw_state.json), schema.RESOURCES[request.type_name])
        return messages.UpgradeResp(upgraded_state=encode(state))

    def ReadResource(self, request, call):
        return messages.ReadResp(new_state=request.current_state, private=request.private)

    def PlanResourceChange(self, request, call):
        plan = computed.planned(request.type_name, decode(request.proposed_new_state), self._account(call))
        return messages.PlanResp(planned_state=encode(plan))

    def ApplyResourceChange(self, request, call):
        plan, account = decode(request.planned_state), self._account(call)
        if plan is None:
            return messages.ApplyResp(new_state=encode(None))
        state = computed.made(request.type_name, plan, account, fixtures(request.type_name))
        errors = rules.check(request.type_name, decode(request.config))  # once more: what was unknown then is known now
        if os.environ.get("STUB_AWS_ENDPOINT"):
            import moto_backend

            state, refused = moto_backend.apply(request.type_name, state, plan, account, decode(request.prior_state) is None)
            errors += refused
        return messages.ApplyResp(new_state=encode(state), diagnostics=diagnostics(errors))

    def ImportResourceState(self, request, call):
        state = schema.conform({"id": request.id}, schema.RESOURCES[request.type_name])
        return messages.ImportResp(imported_resources=[messages.Imported(type_name=request.type_name, state=encode(state))])

    def ReadDataSource(self, request, call):
        state, errors = data_sources.read(request.type_name, decode(request.config), self._account(call), fixtures("data." + request.type_name))
        return messages.DataResp(state=encode(state), diagnostics=diagnostics(errors))

    def Stop(self, request, call):
        return messages.StopResp()


REQUESTS = {
    "GetSchema": messages.Empty, "PrepareProviderConfig": messages.PrepareReq, "Configure": messages.ConfigureReq,
    "ValidateResourceTypeConfig": messages.ValidateReq, "ValidateDataSourceConfig": messages.ValidateReq,
    "UpgradeResourceState": messages.UpgradeReq, "ReadResource": messages.ReadReq, "PlanResourceChange": messages.PlanReq,
    "ApplyResourceChange": messages.ApplyReq, "ImportResourceState": messages.ImportReq, "ReadDataSource": messages.DataReq, "Stop": messages.Empty,
}


def serve():
    """→ (server, port), on a free port of the loopback"""
    provider = Provider()

    def to_bytes(message):
        return message if isinstance(message, bytes) else message.SerializeToString()

    methods = {
        name: grpc.unary_unary_rpc_method_handler(getattr(provider, name), request.FromString, to_bytes) for name, request in REQUESTS.items()
    }
    # Terraform ends a plugin through this one when it is done; this server outlives the run.
    controller = {"Shutdown": grpc.unary_unary_rpc_method_handler(lambda request, call: b"")}
    limits = [(f"grpc.max_{way}_message_length", LARGEST_MESSAGE_BYTES) for way in ("receive", "send")]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=limits)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("tfplugin5.Provider", methods),
        grpc.method_handlers_generic_handler("plugin.GRPCController", controller),
    ))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main():
    target = pathlib.Path(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})  # before threads begin: they inherit it, and sigwait gets the signal
    server, port = serve()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    entry = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address}
    fresh = target.with_name(target.name + ".tmp")
    fresh.write_text(json.dumps({"registry.terraform.io/hashicorp/aws": entry}))
    fresh.replace(target)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(0)


if __name__ == "__main__":
    main()
