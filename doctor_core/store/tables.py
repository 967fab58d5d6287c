"""The tables.

A fault is of a target: a kind and an id. What is told and corrected because
of it are rows of their own, one for each server, port or service.
"""

from typing import Any

import sqlalchemy as sa

#: Counts up when a file of the form before can no longer be read.
FORM = 3

METADATA = sa.MetaData()


def _id(name: str, length: int = 64, **options: Any) -> 'sa.Column[str]':
    return sa.Column(name, sa.String(length), **options)


def _text(name: str) -> 'sa.Column[str]':
    return sa.Column(name, sa.Text, nullable=False, default='')


def _time(name: str) -> 'sa.Column[float]':
    return sa.Column(name, sa.Float, nullable=True)


#: ``number`` is the order of arrival: no clock decides it.
FAULTS = sa.Table(
    'faults', METADATA,
    sa.Column('number', sa.Integer, primary_key=True, autoincrement=True),
    _id('id', nullable=False, unique=True),
    _id('target_kind', 16, nullable=False),
    _id('target_id', 255, nullable=False),
    _id('type', 255, nullable=False),
    _id('source', 255, nullable=False),
    _text('cause'),
    _id('severity', 255, nullable=False),
    sa.Column('detected_at', sa.Float, nullable=False),
    sa.Column('received_at', sa.Float, nullable=False),
    _id('state', 16, nullable=False),
    _text('note'),
    _text('reason'),
    _id('witness', 32, nullable=False, default=''),
    _id('former', nullable=False, default=''),
    sa.Column('repeats', sa.Integer, nullable=False, default=0),
    _time('cleared_at'),
    sa.Column('is_path_suspected', sa.Boolean, nullable=True),
    sa.Index('faults_of_target', 'target_kind', 'target_id', 'state'),
    sa.Index('faults_in_state', 'state'))

#: When the host of a fault was lost, by a machine's monotonic clock. A file
#: without this table gets it: of its faults it is not known.
LOSSES = sa.Table(
    'losses', METADATA,
    _id('fault_id', primary_key=True),
    _id('boot_id', nullable=False),
    _time('not_before'),
    sa.Column('not_after', sa.Float, nullable=False))

#: When a fault of a host was raised, by a machine's monotonic clock. A file
#: without this table gets it, as that of the losses.
FALLS = sa.Table(
    'falls', METADATA,
    _id('fault_id', primary_key=True),
    _id('boot_id', nullable=False),
    sa.Column('at', sa.Float, nullable=False),
    sa.Index('falls_at', 'boot_id', 'at'))

#: What speaks for a fault beside its report. A file without this table gets
#: it.
EVIDENCE = sa.Table(
    'evidence', METADATA,
    _id('fault_id', primary_key=True),
    _id('kind', 16, primary_key=True),
    _id('source', 255, primary_key=True),
    sa.Column('at', sa.Float, nullable=False),
    _text('text'))

#: Who holds a fault open.
HOLDS = sa.Table(
    'holds', METADATA,
    _id('fault_id', primary_key=True),
    _id('source', 255, primary_key=True),
    sa.Column('held', sa.Boolean, nullable=False),
    _id('report_id', nullable=False))

#: What a sender said last of a target, so that older news is known as such.
#: A file without ``began`` gets it.
SAID = sa.Table(
    'said', METADATA,
    _id('target_kind', 16, primary_key=True),
    _id('target_id', 255, primary_key=True),
    _id('source', 255, primary_key=True),
    _id('sender', 255, primary_key=True),
    _id('status', 8, nullable=False),
    _time('moment'),
    _id('epoch', nullable=False, default=''),
    sa.Column('position', sa.BigInteger, nullable=False, default=0),
    _time('received_at'),
    _id('intake', nullable=False, default=''),
    sa.Column('arrival', sa.BigInteger, nullable=False, default=0),
    _time('began'))

#: Up to which number of its only row what came in may have been counted. A
#: file without this table gets it.
ARRIVALS = sa.Table(
    'arrivals', METADATA,
    _id('epoch', primary_key=True),
    sa.Column('number', sa.BigInteger, nullable=False))

#: Reports that were dealt with: one that is delivered again is known.
REPORTS = sa.Table(
    'reports', METADATA,
    sa.Column('number', sa.Integer, primary_key=True, autoincrement=True),
    _id('id', nullable=False, unique=True),
    _id('fault_id', nullable=False),
    _id('reading', 16, nullable=False),
    _text('note'))

#: Reports of hosts that Nova could not be asked about yet.
KEPT = sa.Table(
    'kept', METADATA,
    sa.Column('number', sa.Integer, primary_key=True, autoincrement=True),
    _id('id', nullable=False, unique=True),
    _text('document'))

CORRECTIONS = sa.Table(
    'corrections', METADATA,
    _id('fault_id', primary_key=True),
    _id('action', 32, primary_key=True),
    _id('target_id', primary_key=True),
    _id('host', 255, nullable=False),
    _id('server_id', nullable=False, default=''),
    _id('before', 32, nullable=False),
    _id('state', 16, nullable=False),
    _time('at'),
    _text('reason'),
    sa.Index('corrections_in_state', 'state'))

#: What the owner of a server is to be told: its news, and the state that the
#: notice shows.
TELLINGS = sa.Table(
    'tellings', METADATA,
    _id('fault_id', primary_key=True),
    _id('server_id', primary_key=True),
    _id('news', 16, primary_key=True),
    _id('shown', 32, nullable=False),
    _text('traits'),
    _id('state', 16, nullable=False),
    _time('at'),
    _text('reason'),
    sa.Index('tellings_in_state', 'state'))

#: The notices because of a telling that somebody has taken, in the order in
#: which that was known. A file without this table gets it.
DELIVERIES = sa.Table(
    'deliveries', METADATA,
    sa.Column('number', sa.Integer, primary_key=True, autoincrement=True),
    _id('fault_id', nullable=False),
    _id('server_id', nullable=False),
    _id('news', 16, nullable=False),
    _id('alarm_id', 255, nullable=False),
    _text('alarm'),
    _text('url'),
    sa.Column('at', sa.Float, nullable=False),
    sa.Column('attempt', sa.Integer, nullable=False),
    _text('answer'),
    sa.Index('deliveries_of_fault', 'fault_id'))

#: The servers of a fault as they were when it found them.
SERVERS = sa.Table(
    'servers', METADATA,
    _id('fault_id', primary_key=True),
    _id('server_id', primary_key=True),
    _text('document'))

ALARMS = sa.Table(
    'alarms', METADATA,
    _id('id', primary_key=True),
    _text('document'))
