"""Small strict JSON Schemas of the custom resources in use, since no package brings them: the fields that we
set and their near neighbours, nothing else. Written from the operators' own definitions:

- KEDA 2.21 (``keda.sh/v1alpha1``, the scaler's metadata from its ``kafkaMetadata``);
- Prometheus operator 0.91 (``monitoring.coreos.com/v1``);
- Strimzi 1.x (``kafka.strimzi.io/v1``).
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DURATION = {
    "type": "string",
    "pattern": "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
    "minLength": 1,
}
TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
STRINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
FLAG: Schema = {"enum": ["true", "false"]}
NUMBER: Schema = {"type": "string", "pattern": "^[0-9]+$"}


def _object(required: tuple[str, ...] = (), **properties: Any) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _resource(version: str, kind: str, spec: Schema) -> Schema:
    metadata = _object(("name",), name=TEXT, namespace=TEXT, labels=STRINGS, annotations=STRINGS)
    return _object(
        ("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": version},
        kind={"const": kind},
        metadata=metadata,
        spec=spec,
    )


_SELECTOR = _object(
    matchLabels=STRINGS,
    matchExpressions=_list(
        _object(
            ("key", "operator"),
            key=TEXT,
            operator={"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
            values=_list(TEXT),
        )
    ),
)

_SCALING = _object(
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    selectPolicy={"enum": ["Max", "Min", "Disabled"]},
    policies=_list(
        _object(
            ("type", "value", "periodSeconds"),
            type={"enum": ["Pods", "Percent"]},
            value={"type": "integer", "minimum": 1},
            periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
        )
    ),
)

_KAFKA_TRIGGER = _object(
    ("consumerGroup", "topic", "lagThreshold", "offsetResetPolicy"),
    bootstrapServers=TEXT,
    bootstrapServersFromEnv=TEXT,
    consumerGroup=TEXT,
    topic=TEXT,
    lagThreshold=NUMBER,
    activationLagThreshold=NUMBER,
    offsetResetPolicy={"enum": ["latest", "earliest"]},
    allowIdleConsumers=FLAG,
    scaleToZeroOnInvalidOffset=FLAG,
    excludePersistentLag=FLAG,
    limitToPartitionsWithLag=FLAG,
    ensureEvenDistributionOfPartitions=FLAG,
    version=TEXT,
    sasl={"enum": ["none", "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi"]},
    tls={"enum": ["enable", "disable"]},
)
_KAFKA_TRIGGER["oneOf"] = [{"required": ["bootstrapServers"]}, {"required": ["bootstrapServersFromEnv"]}]

_SCALED_OBJECT = _object(
    ("scaleTargetRef", "triggers", "minReplicaCount", "maxReplicaCount"),
    scaleTargetRef=_object(("name",), apiVersion=TEXT, kind=TEXT, name=TEXT, envSourceContainerName=TEXT),
    pollingInterval=COUNT,
    cooldownPeriod=COUNT,
    minReplicaCount=COUNT,
    maxReplicaCount=COUNT,
    fallback=_object(("failureThreshold", "replicas"), failureThreshold=COUNT, replicas=COUNT),
    advanced=_object(
        restoreToOriginalReplicaCount={"type": "boolean"},
        horizontalPodAutoscalerConfig=_object(
            name=TEXT, behavior=_object(scaleUp=_SCALING, scaleDown=_SCALING)
        ),
    ),
    triggers=_list(
        _object(
            ("type", "metadata"),
            type={"const": "kafka"},
            name=TEXT,
            metadata=_KAFKA_TRIGGER,
            authenticationRef=_object(("name",), name=TEXT),
        )
    ),
)

_PARAMETER = {"enum": ["sasl", "username", "password", "tls", "ca", "cert", "key", "keyPassword"]}
_TRIGGER_AUTHENTICATION = _object(
    secretTargetRef=_list(_object(("parameter", "name", "key"), parameter=_PARAMETER, name=TEXT, key=TEXT)),
    env=_list(_object(("parameter", "name"), parameter=_PARAMETER, name=TEXT, containerName=TEXT)),
)

_POD_MONITOR = _object(
    ("selector", "podMetricsEndpoints"),
    jobLabel=TEXT,
    podTargetLabels=_list(TEXT),
    selector=_SELECTOR,
    namespaceSelector=_object(any={"type": "boolean"}, matchNames=_list(TEXT)),
    podMetricsEndpoints=_list(
        _object(
            ("port",),
            port=TEXT,
            path=TEXT,
            scheme={"enum": ["http", "https"]},
            interval=DURATION,
            scrapeTimeout=DURATION,
        )
    ),
)

_RULE = _object(
    ("expr",),
    record={"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$"},
    alert=TEXT,
    expr={"type": ["string", "integer"]},
    **{"for": DURATION},
    keep_firing_for=DURATION,
    labels=STRINGS,
    annotations=STRINGS,
)
_RULE["oneOf"] = [{"required": ["record"]}, {"required": ["alert"]}]
_PROMETHEUS_RULE = _object(
    ("groups",),
    groups=_list(
        _object(
            ("name", "rules"), name=TEXT, interval=DURATION, limit=COUNT, labels=STRINGS, rules=_list(_RULE)
        )
    ),
)

_KAFKA_TOPIC = _object(
    ("partitions", "replicas", "config"),
    partitions={"type": "integer", "minimum": 1},
    replicas={"type": "integer", "minimum": 1, "maximum": 32767},
    topicName=TEXT,
    config={
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(
            (
                "retention.ms",
                "cleanup.policy",
                "max.message.bytes",
                "message.timestamp.after.max.ms",
                "min.insync.replicas",
            ),
            TEXT,
        ),
    },
)

_KAFKA_USER = _object(
    ("authentication", "authorization"),
    userName=TEXT,
    authentication=_object(("type",), type={"enum": ["tls", "tls-external", "scram-sha-512"]}),
    authorization=_object(
        ("type", "acls"),
        type={"const": "simple"},
        acls=_list(
            _object(
                ("resource", "operations"),
                type={"enum": ["allow", "deny"]},
                resource=_object(
                    ("type",),
                    type={"enum": ["topic", "group", "cluster", "transactionalId"]},
                    name=TEXT,
                    patternType={"enum": ["literal", "prefix"]},
                ),
                host=TEXT,
                operations=_list(
                    {
                        "enum": [
                            *(
                                "Read",
                                "Write",
                                "Create",
                                "Delete",
                                "Alter",
                                "Describe",
                                "ClusterAction",
                                "AlterConfigs",
                            ),
                            *("DescribeConfigs", "IdempotentWrite", "All"),
                        ]
                    }
                ),
            )
        ),
    ),
)

SCHEMAS: dict[str, Schema] = {
    kind: _resource(version, kind, spec)
    for version, kind, spec in (
        ("keda.sh/v1alpha1", "ScaledObject", _SCALED_OBJECT),
        ("keda.sh/v1alpha1", "TriggerAuthentication", _TRIGGER_AUTHENTICATION),
        ("monitoring.coreos.com/v1", "PodMonitor", _POD_MONITOR),
        ("monitoring.coreos.com/v1", "PrometheusRule", _PROMETHEUS_RULE),
        ("kafka.strimzi.io/v1", "KafkaTopic", _KAFKA_TOPIC),
        ("kafka.strimzi.io/v1", "KafkaUser", _KAFKA_USER),
    )
}
"""Kind → schema."""
