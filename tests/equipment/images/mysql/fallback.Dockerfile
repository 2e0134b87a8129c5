# Used when Debian sid has no MySQL to give: MariaDB under MySQL's tag and names. Its label says so.
FROM mariadb:11.8
RUN for name in mysql mysqladmin mysqldump; do \
        [ -e "/usr/bin/$name" ] || ln -s "mariadb$(echo "$name" | sed -n 's/^mysql\(.\)/-\1/p')" "/usr/bin/$name"; done \
 && { [ -e /usr/sbin/mysqld ] || ln -s mariadbd /usr/sbin/mysqld; }
CMD ["mysqld"]
