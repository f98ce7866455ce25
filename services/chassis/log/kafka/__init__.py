"""The event log on Apache Kafka, through kafka-python.

kafka-python 3.0.12 has hazards that break a naive exactly-once loop (H6 to H8 were found here); where each is
closed:

==  ===========================================================
================================================= H1  offsets of a failed transaction leak into the next one
:class:`~.transactions.Transactions`: any failure
                                                                 discards the producer
H2  a batch that expired does not stop the commit                every future is asked before offsets are sent
H3  an epoch bump during commit reads as success                 nothing is in flight when commit is called H4
membership taken at commit time may be unfenced              :class:`~.stage.KafkaStageConsumer`: snapshot
right
                                                                 after the poll, or the batch is not used
H5  a delayed EndTxn can hit a later transaction                 a new producer, and so a new epoch, after any
error H6  a poll that times out during a rebalance forgets it          :func:`~.member.never_forget_a_join` H7
a refused login is tried for ever: the broker's answer is    :func:`~.opening.open_client`
    dropped where it hangs up with it, and is not raised else
H8  a socket that does not connect is left to the garbage        :func:`~.opening.open_client`
    collector, which a large process hardly ever runs in full
==  ===========================================================
=================================================
"""

from services.chassis.log.kafka.log import KafkaLog
from services.chassis.log.kafka.metrics import KafkaClientCollector

__all__ = ["KafkaClientCollector", "KafkaLog"]
