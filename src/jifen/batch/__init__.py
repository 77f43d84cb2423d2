"""Runs over files: members, orders, refunds and other events in; journal, balances and figures out.

Files on their way in, each module on top of the one before::

    encoding     in which encoding a text file is
    blocks       rows of CSV or Arrow, some thousands at a time: where in the text each cell is
    tables       opened files, their header checked
    cells        the cells of one row as values, and the words for every mistake
    name_table   names as numbers
    columns      blocks as columns of integers: the sound rows, and what is wrong with the others
    stretches    rows that follow one another, and where they have to be cut
    reader       the rows of one file: refused, alone, or an event together
    read         what the columns of each kind of file are, and the events their rows are (other_events: one by one)
    log          several files in one order, by column
    merge        the same as events, day by day: what run takes
"""
